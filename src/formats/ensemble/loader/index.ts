/**
 * The loader: one small module that goes into the zip of an ensemble, and asks its members with the TensorFlow.js that the page
 * has. It is built by itself (`build/loader`), of the ways of combining as the studio has them. Members are asked only
 * about the images that need them. It runs nothing that the files bring.
 */
import { combinedInTurn } from '#core/ensembles/in-turn';
import { ensembleById } from '#core/ensembles/index';
import { answersIn } from '#core/ensembles/shared/answers';
import { logOf, softmaxRows } from '#core/numeric/softmax';
import type { Forest } from '#core/predictor';
import { treeScores } from '#core/trees/answer';
import { readForest } from '#formats/ensemble/forest';
import { gathered, type Network, startNetwork, type TensorFlow } from '#formats/ensemble/loader/network';
import type { Manifest, NetworkEntry, Part, TreesPart } from '#formats/ensemble/manifest';

export interface Answer {
  /** [images]: class indices. */
  readonly answers: Uint32Array;
  /** [images, classes]; of votes, their shares. */
  readonly probabilities: Float32Array;
  /** By network of the manifest: for how many of the images it ran. */
  readonly ran: readonly number[];
}
export interface LoadedEnsemble {
  readonly name: string;
  /** [height, width, channels]. */
  readonly input: readonly number[];
  readonly classes: number;
  /** `images`: a tensor [images, ...input], with values as in training (0 to 1 for pixels). */
  readonly ask: (images: Images) => Promise<Answer>;
  /** The probabilities as a tensor [images, classes]. */
  readonly predict: (images: Images) => Promise<unknown>;
  readonly dispose: () => void;
}
/** What is used of a tensor. */
interface Images {
  readonly shape: readonly number[];
  data(): Promise<ArrayLike<number>>;
}
/** A file by its name, wherever files are. */
type Files = (name: string) => Promise<Uint8Array | ArrayBuffer>;

declare function fetch(address: string): Promise<{
  readonly ok: boolean;
  readonly status: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}>;

/** `source`: the address of manifest.json, beside which the other files are, or what gives a file by its name. */
export async function loadEnsemble(tf: TensorFlow, source: string | Files = 'manifest.json'): Promise<LoadedEnsemble> {
  const address = typeof source === 'string' ? source : 'manifest.json';
  const [, folder, first] = /^(.*?)([^/]*)$/.exec(address) as unknown as [string, string, string];
  const bytesOf = async (name: string): Promise<Uint8Array> => {
    const bytes = await (typeof source === 'string' ? fetched(folder + name) : source(name));
    return bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  };
  const manifest = JSON.parse(new TextDecoder().decode(await bytesOf(first))) as Manifest;
  if (manifest.format !== 'whittle-ensemble' || manifest.version !== 1)
    throw new Error(`${address}: not for this loader`);
  const { name, input, classes } = manifest;
  const trees = treesIn(manifest.predictor);
  const forests = new Map<TreesPart, Forest>();
  for (const one of trees) forests.set(one, readForest(await bytesOf(one.forest.file), one.forest));
  const networks: Network[] = [];
  for (const [i, entry] of manifest.networks.entries()) {
    const places = trees.flatMap(({ features }) =>
      features.kind === 'layer' && features.network === i ? [features.output] : [],
    );
    networks.push(await startNetwork(tf, entry, input, [...new Set(places)], bytesOf));
  }

  const ask = async (images: Images): Promise<Answer> => {
    const count = images.shape[0] as number;
    const pixels = Float32Array.from(await images.data());
    const size = pixels.length / count;
    const asked = networks.map((network) => network.asked(pixels, count));
    const scoresOf = async (part: Part, rows: Uint32Array): Promise<Float32Array> => {
      switch (part.kind) {
        case 'model': {
          const values = (await asked[part.network]?.of(rows, null)) as Float32Array;
          return logitsOf(manifest.networks[part.network] as NetworkEntry, values);
        }
        case 'trees': {
          const { features } = part;
          const seen =
            features.kind === 'pixels'
              ? gathered(pixels, rows, size)
              : ((await asked[features.network]?.of(rows, features.output)) as Float32Array);
          return treeScores(forests.get(part) as Forest, seen, rows.length, classes);
        }
        case 'ensemble': {
          const sizes = { members: part.members.length, images: rows.length, classes };
          const { scores } = await combinedInTurn(ensembleById(part.way), part, sizes, (member, some) =>
            scoresOf(
              part.members[member] as Part,
              some.map((row) => rows[row] as number),
            ),
          );
          return scores;
        }
        default:
          throw part satisfies never;
      }
    };
    const scores = await scoresOf(
      manifest.predictor,
      Uint32Array.from({ length: count }, (_, i) => i),
    );
    return {
      answers: answersIn(scores, classes),
      probabilities: Float32Array.from(softmaxRows(scores, classes)),
      ran: asked.map((one) => one.ran()),
    };
  };
  return {
    name,
    input,
    classes,
    ask,
    async predict(images) {
      const { probabilities } = await ask(images);
      return tf.tensor(probabilities, [images.shape[0], classes]);
    },
    dispose() {
      for (const network of networks) network.dispose();
    },
  };
}

async function fetched(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return response.arrayBuffer();
}

function treesIn(part: Part): readonly TreesPart[] {
  if (part.kind === 'ensemble') return part.members.flatMap(treesIn);
  return part.kind === 'trees' ? [part] : [];
}

/** Logits of what a network gives; of probabilities their logarithms. */
function logitsOf({ gives }: NetworkEntry, values: Float32Array): Float32Array {
  if (gives === 'probabilities') return logOf(Float64Array.from(values));
  // Of a sigmoid the logarithm, from what stands before it.
  return gives === 'sigmoid' ? values.map((z) => Math.min(z, 0) - Math.log1p(Math.exp(-Math.abs(z)))) : values;
}
