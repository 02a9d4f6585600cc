/** 页面上出现的术语，每个用一两句话说明。 */
import type { Texts } from '#i18n/en';

export const glossary: Texts['glossary'] = {
  title: '术语解释',
  terms: {
    parameter: '参数',
    nonZero: '非零',
    macs: 'MACs',
    sparsity: '稀疏度',
    validation: '验证集',
    interval: '95 % 区间',
    latency: '延迟',
    logits: 'Logits（未归一化分数）',
    calibration: '校准',
    teacher: '教师',
    student: '学生',
    ensemble: '集成',
    disagreement: '分歧率',
    qStatistic: 'Q 统计量',
  },
  means: {
    parameter: '网络学到的一个数。权重和偏置都是参数；参数越多，文件越大。',
    nonZero: '不恰好等于 0 的参数。零在压缩后的文件中几乎不占空间。',
    macs: '乘加运算：处理一张图片所需的“乘一次、加一次”的次数，是衡量计算量的常用单位。',
    sparsity: '恰好等于 0 的权重所占的比例。90 % 时，每十个权重只剩一个。',
    validation: '从未用于训练、用来做各种选择的图片。测试图片是另外一批，每个模型只看一次。',
    interval: '在这么多图片上测量时偶然性有多大：100 次这样的测量中有 95 次，真实值落在其中。',
    latency: '在本设备上从输入一张图片到得出答案的时间：30 次运行的中位数。',
    logits: '网络为每个类别给出的数，尚未变成概率。最大的那个就是它的答案。',
    calibration: '让一些训练图片通过网络，看激活值有多大。',
    teacher: '已训练好的网络，供另一个网络学习它的回答。',
    student: '向教师学习的网络，通常更小。',
    ensemble: '一起回答的多个模型；其中的每个模型是它的成员。',
    disagreement: '两个模型中恰好一个答对的图片所占的比例。分歧越多，越能互相纠正。',
    qStatistic: 'Yule 的 Q，从 −1 到 1：两个模型是否错在相同的图片上。0 表示一个的错误与另一个无关。',
  },
};
