/** Asks for model files with the system's own dialog and opens what is chosen. */
import { openFiles } from '#stores/transfer';

/** Endings that a model file may have; content decides in the end, so anything else can still be dropped. */
const ACCEPTED = '.json,.bin,.zip,.h5,.hdf5,.keras';

export function askForFiles(): void {
  const input = document.createElement('input');
  input.type = 'file';
  input.multiple = true;
  input.accept = ACCEPTED;
  input.addEventListener('change', () => void openFiles([...(input.files ?? [])]));
  input.click();
}
