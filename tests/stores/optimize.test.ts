import { beforeEach, describe, expect, it } from 'vitest';
import type { ApplyResult, PreviewResult } from '#worker/protocol';
import { accuracy, freshStores, openedNode, type Stores, settle, summary } from './setting';

let s: Stores;
const trained = openedNode('n', { name: 'Small CNN', model: 'm', summary: summary('m') });
const preview = (nonZero: number): PreviewResult => ({
  parameters: 1000,
  nonZero,
  macs: 1,
  bytes: 1,
  isWritten: false,
  accuracy: { value: 0.9, low: 0.8, high: 1, images: 300, change: { value: 0, low: -0.1, high: 0.1 } },
});
const previews = (): number => s.asked.filter(({ name }) => name === 'preview').length;

beforeEach(async () => {
  localStorage.clear();
  s = await freshStores();
  s.addNode(trained);
});

describe('a slider', () => {
  it('has one preview in flight, and the latest value wins', async () => {
    s.setValue('sparsity', 0.5, true);
    s.setValue('sparsity', 0.6, true);
    s.setValue('sparsity', 0.7, true);
    await settle();
    expect(previews()).toBe(1);
    const first = await s.next('preview');
    expect(first.request).toMatchObject({
      model: 'm',
      dataset: 'digits',
      rest: false,
      step: { pass: 'magnitude-pruning', values: { sparsity: 0.5 } },
    });
    first.resolve(preview(500));
    const second = await s.next('preview');
    expect(second.request.step.values['sparsity']).toBe(0.7);
    expect(s.optimize.getState().preview?.nonZero).toBe(500);
    second.resolve(preview(300));
    await settle();
    expect(previews()).toBe(0);
    expect(s.optimize.getState()).toMatchObject({ preview: { nonZero: 300 }, previewing: false });
  });

  it('shows the first estimate and moves on when a later value waits', async () => {
    s.setValue('sparsity', 0.5, true);
    const first = await s.next('preview');
    s.setValue('sparsity', 0.6, true);
    expect(first.signal?.aborted).toBe(false);
    first.progress(preview(500));
    expect(s.optimize.getState().preview?.nonZero).toBe(500);
    expect(first.signal?.aborted).toBe(true);
    expect((await s.next('preview')).request.step.values['sparsity']).toBe(0.6);
  });

  it('does not wait for a better estimate once it has one and the slider moves on', async () => {
    s.setValue('sparsity', 0.5, true);
    const first = await s.next('preview');
    first.progress(preview(500));
    expect(first.signal?.aborted).toBe(false);
    s.setValue('sparsity', 0.6, true);
    expect(first.signal?.aborted).toBe(true);
    expect((await s.next('preview')).request.step.values['sparsity']).toBe(0.6);
  });

  it('refines when it rests, is interrupted by the next move, and sweeps afterwards', async () => {
    s.setValue('sparsity', 0.5, false);
    const refine = await s.next('preview');
    expect(refine.request.rest).toBe(true);
    s.rest();
    await settle();
    expect(refine.signal?.aborted).toBe(false);
    refine.progress(preview(500));
    s.setValue('sparsity', 0.6, true);
    expect(refine.signal?.aborted).toBe(true);
    (await s.next('preview')).resolve(preview(400));
    s.rest();
    (await s.next('preview')).resolve(preview(400));
    const sweep = await s.next('sweep');
    expect(sweep.request.param).toBe('sparsity');
    expect(sweep.request.values.length).toBeGreaterThanOrEqual(8);
    expect(sweep.request.values).toContain(0.6);
    expect(sweep.request.values).toEqual([...sweep.request.values].sort((a, b) => a - b));
    sweep.progress({ value: 0.9, ...preview(100) });
    sweep.progress({ value: 0.1, ...preview(900) });
    expect(s.optimize.getState().sweep).toMatchObject({ param: 'sparsity', points: [{ value: 0.1 }, { value: 0.9 }] });
    s.setValue('sparsity', 0.65, true);
    expect(sweep.signal?.aborted).toBe(true);
    // The curve of the same slider stays while it moves.
    expect(s.optimize.getState().sweep?.points).toHaveLength(2);
  });

  it('sweeps the slider that is in force, touched or not', async () => {
    s.setMethod('mixed-precision');
    (await s.next('preview')).resolve(preview(500));
    expect((await s.next('sweep')).request.param).toBe('bits');
    s.setValue('bits', 3, false);
    (await s.next('preview')).resolve(preview(500));
    expect((await s.next('sweep')).request.param).toBe('bits');
    s.setValue('budget', 'size', false);
    (await s.next('preview')).resolve(preview(500));
    const sweep = await s.next('sweep');
    expect(sweep.request.param).toBe('kilobytes');
    expect(sweep.request.values).toContain(20);
  });

  it('waits for what is made ready, where a later value needs it too, and for the first estimate', async () => {
    s.setValue('sparsity', 0.5, false);
    const first = await s.next('preview');
    s.setValue('sparsity', 0.6, true);
    expect(first.signal?.aborted).toBe(false);
    // Sizes alone are shown, and are not yet an answer.
    first.progress({ ...preview(500), accuracy: null });
    expect(s.optimize.getState().preview).toMatchObject({ nonZero: 500, accuracy: null });
    expect(first.signal?.aborted).toBe(false);
    first.progress(preview(500));
    expect(first.signal?.aborted).toBe(true);
    const second = await s.next('preview');
    expect(second.request).toMatchObject({ rest: false, step: { values: { sparsity: 0.6 } } });
    second.resolve(preview(400));
    // Another scope sorts anew: what is being made ready is of no use.
    s.rest();
    const third = await s.next('preview');
    s.setValue('scope', 'layer', false);
    expect(third.signal?.aborted).toBe(true);
  });

  it('clamps, and remembers values of each method', async () => {
    s.setValue('sparsity', 7, true);
    const most = s.optimize.getState().values['magnitude-pruning']?.['sparsity'] as number;
    expect(most).toBeLessThanOrEqual(1);
    s.setMethod('weight-quantization');
    s.setValue('bits', 4, true);
    s.setMethod('magnitude-pruning');
    expect(s.optimize.getState().values['weight-quantization']?.['bits']).toBe(4);
    expect(s.optimize.getState().values['magnitude-pruning']?.['sparsity']).toBe(most);
    s.setMethod('no-such');
    expect(s.optimize.getState().method).toBe('magnitude-pruning');
  });

  it('says why a preview failed, and works on', async () => {
    s.setValue('sparsity', 0.5, true);
    (await s.next('preview')).reject(new s.FaultError({ code: 'pass', words: { en: 'not here', zh: '' } }));
    await settle();
    expect(s.optimize.getState()).toMatchObject({
      preview: null,
      fault: { words: { en: 'not here' } },
      previewing: false,
    });
    s.setValue('sparsity', 0.4, true);
    (await s.next('preview')).resolve(preview(600));
    await settle();
    expect(s.optimize.getState()).toMatchObject({ preview: { nonZero: 600 }, fault: null });
  });

  it('forgets its preview when another model is selected', async () => {
    s.setValue('sparsity', 0.5, true);
    const flight = await s.next('preview');
    s.addNode({ ...trained, id: 'o', name: 'Other', model: 'm2' });
    expect(flight.signal?.aborted).toBe(true);
    expect(s.optimize.getState().preview).toBeNull();
    await settle();
    expect(previews()).toBe(0);
    s.setTab('optimize');
    expect((await s.next('preview')).request.model).toBe('m2');
  });

  it('asks nothing without a model', async () => {
    s.select(null);
    s.setValue('sparsity', 0.5, true);
    await settle();
    expect(previews()).toBe(0);
  });
});

describe('Apply', () => {
  const result: ApplyResult = {
    model: summary('m2', { nonZero: 100 }),
    validation: accuracy(0.88),
    test: accuracy(0.87),
    reports: [],
    notes: [{ en: 'note', zh: '' }],
    seconds: 1,
  };

  it('makes a model beside the old one, named by what was done, and undo takes it away', async () => {
    s.setValue('sparsity', 0.9, true);
    const done = s.apply();
    const call = await s.next('apply');
    expect(call.request).toMatchObject({
      model: 'm',
      dataset: 'digits',
      name: 'Small CNN, 90 % sparsity',
      recipe: { version: 1, steps: [{ pass: 'magnitude-pruning', values: { sparsity: 0.9 } }] },
    });
    call.progress({ done: 0.5, step: 0 });
    expect(s.optimize.getState().applying).toEqual({ method: 'magnitude-pruning', node: 'n', done: 0.5, train: null });
    call.resolve(result);
    await done;
    const made = s.selectedNode();
    expect(made).toMatchObject({
      name: 'Small CNN, 90 % sparsity',
      parent: 'n',
      model: 'm2',
      dataset: 'digits',
      origin: { kind: 'recipe' },
      test: { value: 0.87 },
    });
    expect(s.optimize.getState()).toMatchObject({ applying: null, result: { seconds: 1 } });
    expect(s.view.getState().announcement?.en).toMatch(/Small CNN, 90 % sparsity.*100 \/ 1,000.*87\.00 %/);
    s.undo();
    expect(s.selectedNode()?.id).toBe('n');
    s.redo();
    expect(s.selectedNode()?.id).toBe(made?.id);
  });

  it('names each kind of step', async () => {
    const { stepName } = await import('#stores/describe');
    expect(stepName({ pass: 'weight-quantization', values: { bits: 8 } })).toBe('8 bits');
    expect(stepName({ pass: 'weight-sharing', values: { clusters: 16 } })).toBe('16 clusters');
    expect(stepName({ pass: 'magnitude-pruning', values: { sparsity: 0.9 } })).toBe('90 % sparsity');
    const below = { pass: 'magnitude-pruning', values: { sparsity: 0.9, amount: 'threshold', threshold: 0.02 } };
    expect(stepName(below)).toBe('threshold 0.02');
    expect(stepName({ pass: 'fine-tuning', values: { epochs: 2 } })).toBe('fine-tuning');
    expect(stepName({ pass: 'distillation', values: {} })).toBe('distillation');
    expect(stepName({ pass: 'channel-pruning', values: { kept: 0.5, keep: 0.5 } })).toMatch(
      /channels kept|channel pruning/,
    );
  });

  it('hands the teacher’s model over', async () => {
    s.addNode({ ...trained, id: 't', name: 'Teacher', model: 'm9' });
    s.select('n');
    s.setMethod('distillation');
    await s.next('preview');
    s.setValue('teacher', 't', false);
    expect((await s.next('preview')).request.parents).toEqual({ t: 'm9' });
  });

  it('can be given up, and then changes nothing', async () => {
    const done = s.apply();
    const call = await s.next('apply');
    s.cancelApply();
    expect(call.signal?.aborted).toBe(true);
    await done;
    expect(s.project.getState().order).toEqual(['n']);
    expect(s.optimize.getState()).toMatchObject({ applying: null, fault: null });
    expect(s.view.getState().announcement?.en).toBe('Cancelled. Nothing was changed.');
  });

  describe('that makes nothing goes on with what it broke off', () => {
    const broken = async () => {
      s.setValue('sparsity', 0.9, false);
      const flight = await s.next('preview');
      flight.progress(preview(500));
      const done = s.apply();
      expect(flight.signal?.aborted).toBe(true);
      return { done, call: await s.next('apply') };
    };
    const written = { ...preview(500), isWritten: true };

    it('when it is given up', async () => {
      const { done } = await broken();
      s.cancelApply();
      await done;
      const again = await s.next('preview');
      expect(again.request).toMatchObject({ rest: true, step: { values: { sparsity: 0.9 } } });
      again.resolve(written);
      expect((await s.next('sweep')).request.param).toBe('sparsity');
      expect(s.optimize.getState()).toMatchObject({ preview: { isWritten: true }, previewing: false, fault: null });
    });

    it('when nothing was changed, or it failed: why stays in sight until the values change', async () => {
      for (const failed of [false, true]) {
        const { done, call } = await broken();
        if (failed) call.reject(new s.FaultError({ code: 'pass', words: { en: 'cannot', zh: '' } }));
        else call.resolve({ ...result, model: summary('m') });
        await done;
        const code = failed ? 'pass' : 'unchanged';
        (await s.next('preview')).resolve(written);
        await settle();
        expect(s.optimize.getState()).toMatchObject({ preview: { isWritten: true }, fault: { code } });
        s.setValue('sparsity', 0.8, true);
        expect(s.optimize.getState().fault).toBeNull();
        (await s.next('preview')).resolve(written);
        await settle();
        expect(s.optimize.getState().fault).toBeNull();
      }
    });

    it('and nothing is asked again where nothing was broken off', async () => {
      s.setValue('sparsity', 0.9, true);
      (await s.next('preview')).resolve(written);
      await settle();
      const done = s.apply();
      await s.next('apply');
      s.cancelApply();
      await done;
      await settle();
      expect(previews()).toBe(0);
    });
  });

  it('is taken up by the next engine when one dies, and says so', async () => {
    const died = () => new s.FaultError({ code: 'worker-died', words: { en: 'died', zh: '' } });
    const done = s.apply();
    const first = await s.next('apply');
    first.progress({ done: 0.5, step: 0 });
    first.reject(died());
    const second = await s.next('apply');
    expect(second.request).toEqual({ ...(first.request as object), resume: true });
    expect(s.view.getState().notices.at(-1)?.words.en).toMatch(/being applied again/);
    expect(s.optimize.getState().applying).toMatchObject({ node: 'n', done: 0, train: null });
    second.resolve(result);
    await done;
    expect(s.selectedNode()).toMatchObject({ model: 'm2' });
    // Not a fourth time.
    const again = s.apply();
    (await s.next('apply')).reject(died());
    (await s.next('apply')).reject(died());
    (await s.next('apply')).reject(died());
    await again;
    expect(s.optimize.getState()).toMatchObject({ applying: null, fault: { words: { en: 'died' } } });
  });

  it('makes no model where nothing was changed, and says what the method told', async () => {
    const done = s.apply();
    (await s.next('apply')).resolve({ ...result, model: summary('m'), notes: [{ en: 'Choose another.', zh: '' }] });
    await done;
    expect(s.optimize.getState()).toMatchObject({
      result: null,
      fault: { code: 'unchanged', hint: { en: 'Choose another.' } },
    });
    expect(s.project.getState().order).toEqual(['n']);
    expect(s.view.getState().notices).toEqual([]);
  });

  it('says why it failed, and changes nothing', async () => {
    const done = s.apply();
    (await s.next('apply')).reject(new s.FaultError({ code: 'pass', words: { en: 'cannot', zh: '' } }));
    await done;
    expect(s.optimize.getState().fault?.words.en).toBe('cannot');
    expect(s.view.getState().notices.at(-1)?.words.en).toBe('cannot');
    expect(s.project.getState().order).toEqual(['n']);
    // Another try takes that back.
    void s.apply();
    await s.next('apply');
    expect(s.view.getState().notices).toEqual([]);
  });
});
