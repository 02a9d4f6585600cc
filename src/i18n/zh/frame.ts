/** 页面框架的文字。 */
import type { Texts } from '#i18n/en';

export const frame: Texts['frame'] = {
  name: 'Whittle',
  tagline: '让神经网络变小，并看清代价',
  skip: '跳到模型列表',
  openModel: '打开模型',
  undo: '撤销',
  redo: '重做',
  otherLanguage: 'English',
  scheme: { auto: '配色：跟随系统', light: '配色：浅色', dark: '配色：深色' },
  sections: '要做的事',
  tabs: { data: '数据', build: '搭建', train: '训练', optimize: '优化', export: '导出' },
  saved: {
    restoring: '正在读取已保存的工作…',
    saved: '已保存在本机',
    memory: '未保存：此浏览器在这里不提供存储',
    'other-tab': '未保存：另一个标签页正在使用此项目',
  },
  device: {
    starting: '正在寻找最快的后端…',
    failed: '这里没有可用的后端',
    software: '软件模拟',
  },
  backends: { webgpu: 'WebGPU', wasm: 'WebAssembly (wasm)', webgl: 'WebGL', cpu: '纯 JavaScript (cpu)' },
  status: '状态',
  ready: '就绪。所有数据都留在本机。',
  dismiss: '关闭',
  loading: '加载中…',
  broken: '页面的这一部分出错了：{{message}}',
  again: '重试',
  outOfRange: '请输入 {{min}} 到 {{max}} 之间的数。',
  progress: '正在训练：第 {{epoch}} 轮，训练图片答对 {{accuracy}}，剩余 {{left}}。',
  search: '搜索',
  nothingFound: '没有找到。',
  found_one: '找到 {{count}} 项',
  found_other: '找到 {{count}} 项',
};
