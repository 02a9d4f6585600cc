import { describe, expect, it } from 'vitest';
import { checkArchitecture, createModel } from '#core/model/create';
import { shapesOf } from '#core/model/shapes';
import { TEMPLATES, templateById } from '#core/templates';

const MNIST = [28, 28, 1] as const;
const DIGITS = [8, 8, 1] as const;

function parametersOf(id: string, input: readonly [number, number, number]): number {
  const architecture = templateById(id)?.architecture(input, 10);
  if (!architecture) throw new Error(`no template ${id}`);
  return checkArchitecture(architecture).parameters;
}

describe('templates', () => {
  it('has the titles that people know, in this order', () => {
    expect(TEMPLATES.map((template) => template.words.title.en)).toEqual([
      'Small CNN',
      'LeNet-5',
      'LeNet-300-100',
      'Small residual network',
      'Depthwise-separable CNN',
    ]);
    expect(new Set(TEMPLATES.map((template) => template.id)).size).toBe(TEMPLATES.length);
  });

  it('counts LeNet-5 on MNIST as the papers do', () => {
    // 5*5*1*20+20 + 5*5*20*50+50 + 4*4*50*500+500 + 500*10+10
    expect(parametersOf('lenet-5', MNIST)).toBe(520 + 25050 + 400500 + 5010);
    expect(parametersOf('lenet-5', MNIST)).toBe(431080);
  });

  it('counts LeNet-300-100 on MNIST as the papers do', () => {
    expect(parametersOf('lenet-300-100', MNIST)).toBe(784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10);
    expect(parametersOf('lenet-300-100', MNIST)).toBe(266610);
  });

  it('counts the small CNN on MNIST', () => {
    // 28 -> 14 -> 7
    expect(parametersOf('small-cnn', MNIST)).toBe(208 + 3216 + (7 * 7 * 16 * 64 + 64) + 650);
    expect(parametersOf('small-cnn', MNIST)).toBe(54314);
  });

  it.each(['small-resnet', 'separable-cnn'])(
    'keeps %s below 60,000 parameters and 3 million multiply-accumulates',
    (id) => {
      const check = checkArchitecture((templateById(id) as (typeof TEMPLATES)[number]).architecture(MNIST, 10));
      expect(check.parameters).toBeLessThan(60000);
      expect(check.macs).toBeLessThan(3e6);
    },
  );

  it.each(
    TEMPLATES.flatMap(
      (template) =>
        [
          [template.id, MNIST, 10],
          [template.id, DIGITS, 10],
          [template.id, [32, 32, 3], 4],
        ] as const,
    ),
  )('builds %s for %j and %i classes', (id, input, classes) => {
    const architecture = templateById(id)?.architecture(input, classes);
    if (!architecture) throw new Error(id);
    expect(checkArchitecture(architecture).fault).toBeNull();
    const model = createModel(architecture, 1);
    expect(shapesOf(model)[model.outputs[0] as string]).toEqual([classes]);
    expect(model.layers.at(-1)).toMatchObject({ activation: { fn: 'softmax' } });
  });

  it('adapts to 8 x 8 images and says so', () => {
    for (const id of ['lenet-5', 'small-resnet', 'separable-cnn']) {
      expect(templateById(id)?.words.help.en).toContain('below 16 pixels');
      expect(templateById(id)?.words.help.zh).toContain('小于 16 像素');
    }
  });
});
