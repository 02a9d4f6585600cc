/**
 * The ways to make members, in the order of the menu. Adding one is a file beside this one and a line here.
 */
import { bagging } from '#core/ensembles/making/bagging';
import { boostingMembers } from '#core/ensembles/making/boosting';
import type { Making } from '#core/ensembles/making/making';
import { outOfFold } from '#core/ensembles/making/out-of-fold';
import { snapshots } from '#core/ensembles/making/snapshots';
import { soups } from '#core/ensembles/making/soups';
import { specialistMembers } from '#core/ensembles/making/specialists';

export const MAKINGS: readonly Making[] = [bagging, boostingMembers, snapshots, specialistMembers, outOfFold, soups];

/** Throws Error for an id that no way has. */
export function makingById(id: string): Making {
  const making = MAKINGS.find((one) => one.id === id);
  if (!making) throw new Error(`no way of making members is called "${id}"`);
  return making;
}
