/** The shortest way to a first result: Digits, the small CNN, train. */
import { setTemplate } from '#stores/build';
import { selectDataset } from '#stores/datasets';
import { setSettings, train } from '#stores/training';
import { setTab } from '#stores/view';

export async function trainSmallNetwork(): Promise<void> {
  setTab('train');
  await selectDataset('digits');
  setTemplate('small-cnn');
  setSettings({ epochs: 15, batchSize: 32, learningRate: 0.002 });
  await train();
}
