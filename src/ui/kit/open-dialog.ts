/** Asks for model files with the system's own dialog: the page's one file field, which the drop zone draws unseen. */

/** Endings that a model file may have; content decides in the end, so anything else can still be dropped. */
export const ACCEPTED = '.json,.bin,.zip,.h5,.hdf5,.keras,.whittle';

export const FILE_FIELD = 'model-files';

export function askForFiles(): void {
  document.getElementById(FILE_FIELD)?.click();
}
