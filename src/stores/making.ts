/** Members that are made to go together: from which models, in which way, with which values. What is made becomes nodes. */
import { MAKINGS, makingById } from '#core/ensembles/making/index';
import { clampValues, defaultsById, type Values, type Words } from '#core/params';
import { runCombine } from '#stores/combine-run';
import { combine } from '#stores/combine-state';
import { forgetMaking, keepMaking, leaveMaking, takeUpMaking } from '#stores/interrupted-making';
import { type Unknown, whyUnknown } from '#stores/origins';
import { nodesOnPage, project } from '#stores/project';
import type { ModelNode } from '#stores/state';
import { addMade } from '#stores/together';

combine.setState({ makingValues: defaultsById(MAKINGS) });
takeUpMaking();

export function setMaking(making: string): void {
  if (MAKINGS.some(({ id }) => id === making)) combine.setState({ making, fault: null });
}
export function setMakingValue(key: string, value: Values[string]): void {
  const { making, makingValues } = combine.getState();
  const next = clampValues(makingById(making).params, { ...makingValues[making], [key]: value }) as Values;
  combine.setState({ makingValues: { ...makingValues, [making]: next }, fault: null });
}
/** What members are made from; the same choice changes nothing. */
export function setSources(wanted: readonly string[]): void {
  const sources = [...new Set(wanted)];
  if (`${sources}` !== `${combine.getState().sources}`) combine.setState({ sources, fault: null });
}
/** Where only one model is taken, another one takes its place. */
export function toggleSource(node: string): void {
  const { sources, making } = combine.getState();
  const kept = makingById(making).models.most === 1 ? [] : sources;
  setSources(sources.includes(node) ? sources.filter((id) => id !== node) : [...kept, node]);
}

/** Why these models cannot be made into members in this way, or null. */
export function makeObstacle(): Words | null {
  const { sources, making, makingValues } = combine.getState();
  const { least, most, anyKind = false } = makingById(making).models;
  const nodes = nodesOnPage(sources);
  if (nodes.length < least || nodes.length > most)
    return least === most
      ? {
          en: `Choose ${least === 1 ? 'one model' : `${least} models`} to start from.`,
          zh: `请选择 ${least} 个起始模型。`,
        }
      : { en: `Choose ${least} to ${most} models to start from.`, zh: `请选择 ${least} 到 ${most} 个起始模型。` };
  const several = nodes.find(({ summary }) => summary.kind !== 'model');
  if (several && !anyKind)
    return {
      en: `${several.name} is not one network: members are made from networks.`,
      zh: `${several.name} 不是单个网络：成员由网络制作。`,
    };
  if (making === 'out-of-fold') {
    const isAfresh = makingValues[making]?.['afresh'] === true;
    const known = project.getState().nodes;
    for (const node of nodes) {
      const lost = isAfresh && node.summary.kind === 'model' ? null : whyUnknown(known, node.id);
      if (lost) return cannotBeMadeAgain(node, lost);
    }
  }
  return new Set(nodes.map(({ dataset }) => dataset)).size > 1
    ? { en: 'All models have to be of one data set.', zh: '所有模型必须使用同一个数据集。' }
    : null;
}

function cannotBeMadeAgain({ name, summary }: ModelNode, { name: what, why }: Unknown): Words {
  const isItself = what === name || what === '';
  const came = isItself ? { en: '', zh: '' } : { en: `It came of ${what}. `, zh: `它来自 ${what}。` };
  const from = isItself
    ? { en: name, zh: name }
    : { en: `${what}, which ${name} came of,`, zh: `${name} 的来源 ${what} ` };
  const cannot = why
    ? {
        en: `${name} cannot be made again without some of the images. ${came.en}${why.en}`,
        zh: `${name} 无法在留出部分图片的情况下重新制作。${came.zh}${why.zh}`,
      }
    : {
        en: `Nobody knows on which images ${from.en} was trained, so it cannot be made again without some of the images.`,
        zh: `不知道 ${from.zh}用哪些图片训练，因此无法在留出部分图片的情况下重新制作。`,
      };
  const isNetwork = summary.kind === 'model';
  return {
    en: `${cannot.en} ${isNetwork ? 'Train it afresh' : 'Leave it out'}, or combine it by stacking, which learns from validation images.`,
    zh: `${cannot.zh}请${isNetwork ? '从头训练' : '去掉它'}，或改用“堆叠”组合，它从验证图片学习。`,
  };
}

/** Makes members of the chosen models, and their ensemble where they have one. */
export async function makeMembers(): Promise<void> {
  const { making, makingValues, sources, seed } = combine.getState();
  if (makeObstacle()) return;
  const nodes = nodesOnPage(sources);
  const values = makingValues[making] ?? {};
  if (combine.getState().running) return;
  const { interrupted } = combine.getState();
  keepMaking({ making, values, sources, seed });
  const isLeft = await runCombine('make', (ways) => addMade({ making, values, nodes, seed }, ways));
  if (isLeft && interrupted) leaveMaking();
  else forgetMaking();
}
