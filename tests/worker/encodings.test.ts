/** Every encoding, and activation grids, there and back through the vault's bytes. */
import { expect, it } from 'vitest';
import { modelId } from '#core/model/hash';
import { readStructure, readTensor, writeStructure, writeTensor } from '#worker/vault/blob';
import { encodedModel, furtherEncodedModel } from '../formats/models';

it.each([encodedModel(), furtherEncodedModel()])('$name comes back from the vault as it was', (model) => {
  for (const tensor of Object.values(model.tensors)) expect(readTensor(tensor.id, writeTensor(tensor))).toEqual(tensor);
  const structure = readStructure(writeStructure(model));
  expect(structure?.activationGrids).toEqual(model.activationGrids);
  const { tensorIds, ...rest } = structure as NonNullable<typeof structure>;
  expect(tensorIds).toEqual(Object.keys(model.tensors));
  expect(modelId({ ...rest, tensors: model.tensors })).toBe(modelId(model));
});
