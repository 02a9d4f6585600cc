/** Pictures of how members come to be and how trees grow. What they show stands in words above them, so they are not heard. */
import { Fragment, type ReactNode } from 'react';
import styles from '#ui/combine/picture.module.css';

const WIDTH = 360;
const HEIGHT = 116;

const DRAWINGS: Readonly<Record<string, () => ReactNode>> = {
  bagging: Bagging,
  boosting: Boosting,
  snapshots: Snapshots,
  specialists: Specialists,
  'out-of-fold': OutOfFold,
  soups: Soups,
  'decision-tree': () => <Branches x={180} y={10} width={150} depth={3} />,
  'random-forest': Forest,
  'gradient-boosting': Boosted,
};

/** Nothing for what has no picture yet. */
export function MakingPicture({ of }: { of: string }) {
  const Drawing = DRAWINGS[of];
  if (!Drawing) return null;
  return (
    <svg className={styles.picture} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" focusable="false">
      <Drawing />
    </svg>
  );
}

/** Every member has its own draw of the images; some come twice, some not at all. */
function Bagging() {
  return (
    <>
      <Images x={6} y={36} columns={4} rows={4} />
      {[0, 1, 2].map((member) => {
        const y = 4 + member * 38;
        return (
          <Fragment key={member}>
            <Arrow from={[56, 58]} to={[104, y + 16]} />
            <Images x={112} y={y} columns={5} rows={3} size={(at) => DRAWS[member]?.[at] ?? 0} />
            <Arrow from={[176, y + 16]} to={[216, y + 16]} />
            <Net x={222} y={y + 3} />
            <Arrow from={[260, y + 16]} to={[308, 58]} />
          </Fragment>
        );
      })}
      <Together x={328} y={58} />
    </>
  );
}
/** 0: not drawn, 1: once, 2: twice. */
const DRAWS = [
  [1, 2, 0, 1, 1, 0, 1, 2, 1, 0, 1, 1, 0, 2, 1],
  [0, 1, 1, 2, 0, 1, 0, 1, 1, 2, 2, 0, 1, 1, 0],
  [2, 0, 1, 0, 1, 1, 2, 0, 1, 1, 0, 1, 2, 0, 1],
];

/** What the last one got wrong weighs more for the next. */
function Boosting() {
  return (
    <>
      {[0, 1, 2].map((member) => {
        const x = 4 + member * 112;
        return (
          <Fragment key={member}>
            <Images x={x} y={40} columns={3} rows={3} size={(at) => WEIGHTS[member]?.[at] ?? 1} />
            <Arrow from={[x + 40, 58]} to={[x + 56, 58]} />
            <Net x={x + 60} y={45} />
            {member < 2 && <Arrow from={[x + 97, 58]} to={[x + 110, 58]} />}
            <path d={`M${x + 77},${74}V96`} className={styles.line} strokeWidth={1 + 1.2 * (2 - member)} />
          </Fragment>
        );
      })}
      <path d="M81,97H340" className={styles.line} strokeWidth={2} />
      <Together x={344} y={97} />
    </>
  );
}
const WEIGHTS = [
  [1, 1, 1, 1, 1, 1, 1, 1, 1],
  [0.6, 0.6, 2, 0.6, 0.6, 0.6, 2, 0.6, 0.6],
  [0.5, 2, 1.2, 0.5, 0.5, 0.5, 1.2, 0.5, 2],
];

/** The learning rate falls, and starts again; where it is lowest a member is kept. */
function Snapshots() {
  const span = 78;
  const fall = (cycle: number) => {
    const x = 12 + cycle * span;
    return `${cycle === 0 ? 'M' : 'L'}${x},14C${x + span * 0.4},14 ${x + span * 0.55},64 ${x + span - 2},66`;
  };
  return (
    <>
      <path d={[0, 1, 2, 3].map(fall).join('')} className={styles.line} strokeWidth={2} fill="none" />
      {[0, 1, 2, 3].map((cycle) => {
        const x = 10 + (cycle + 1) * span;
        return (
          <Fragment key={cycle}>
            <Arrow from={[x, 70]} to={[x, 82]} />
            <Net x={x - 17} y={85} />
          </Fragment>
        );
      })}
    </>
  );
}

/** Classes that are confused come together, and each group has its own network. */
function Specialists() {
  const tones = ['training', 'pruning', 'quantization'] as const;
  return (
    <>
      {tones.map((tone, group) => {
        const y = 4 + group * 38;
        return (
          <Fragment key={tone}>
            {[0, 1, 2].map((at) => (
              <circle
                key={at}
                cx={70 + at * 22}
                cy={y + 16}
                r={8}
                fill={`var(--w-${tone})`}
                opacity={0.85 - at * 0.22}
              />
            ))}
            <Arrow from={[132, y + 16]} to={[196, y + 16]} />
            <Net x={202} y={y + 3} tone={tone} />
          </Fragment>
        );
      })}
    </>
  );
}

/** Each time another part is left out, and answered by who has not seen it. */
function OutOfFold() {
  return (
    <>
      {[0, 1, 2, 3].map((fold) => {
        const y = 4 + fold * 28;
        return (
          <Fragment key={fold}>
            {[0, 1, 2, 3].map((part) => (
              <rect
                key={part}
                x={14 + part * 26}
                y={y}
                width={23}
                height={20}
                rx={3}
                className={part === fold ? styles.leftOut : styles.part}
              />
            ))}
            <Arrow from={[122, y + 10]} to={[150, y + 10]} />
            <g transform={`translate(156,${y - 1}) scale(0.85)`}>
              <Net x={0} y={0} />
            </g>
            <Arrow from={[190, y + 10]} to={[222, y + 10]} />
            <rect x={228 + fold * 26} y={y} width={23} height={20} rx={3} className={styles.answered} />
          </Fragment>
        );
      })}
    </>
  );
}

/** Several of one start are averaged into one of the same size. */
function Soups() {
  return (
    <>
      <Net x={14} y={45} />
      {[0, 1, 2].map((copy) => {
        const y = 4 + copy * 38;
        return (
          <Fragment key={copy}>
            <Arrow from={[52, 58]} to={[112, y + 16]} />
            <Net x={118} y={y + 3} />
            <Arrow from={[156, y + 16]} to={[222, 58]} />
          </Fragment>
        );
      })}
      <Together x={242} y={58} />
      <Arrow from={[261, 58]} to={[286, 58]} />
      <Net x={292} y={45} tone="combined" />
    </>
  );
}

function Forest() {
  return (
    <>
      {[0, 1, 2].map((tree) => {
        const x = 52 + tree * 98;
        return (
          <Fragment key={tree}>
            <path d={`M${x},84V100`} className={styles.line} strokeWidth={1.5} />
            <Branches x={x} y={12} width={56} depth={2} />
          </Fragment>
        );
      })}
      <path d="M52,100H314" className={styles.line} strokeWidth={1.5} />
      <Together x={330} y={100} />
    </>
  );
}

/** Small trees, one after another, each adding a little. */
function Boosted() {
  return (
    <>
      {[0, 1, 2, 3].map((tree) => (
        <Fragment key={tree}>
          <Branches x={44 + tree * 90} y={26} width={44} depth={2} />
          {tree > 0 && <path d={`M${tree * 90 - 7},54h12m-6,-6v12`} className={styles.line} strokeWidth={2.5} />}
        </Fragment>
      ))}
    </>
  );
}

/** A tree of questions below (x, y): squares ask, circles answer. */
function Branches({ x, y, width, depth }: { x: number; y: number; width: number; depth: number }): ReactNode {
  const step = 30;
  if (depth === 0) return <circle cx={x} cy={y} r={5.5} className={styles.leaf} />;
  return (
    <>
      {[-1, 1].map((side) => (
        <Fragment key={side}>
          <line x1={x} y1={y} x2={x + (side * width) / 2} y2={y + step} className={styles.line} strokeWidth={1.5} />
          <Branches x={x + (side * width) / 2} y={y + step} width={width / 2} depth={depth - 1} />
        </Fragment>
      ))}
      <rect x={x - 5.5} y={y - 5.5} width={11} height={11} rx={2} className={styles.question} />
    </>
  );
}

/** Images as small squares, as large as they weigh; 0 leaves a gap. */
function Images({
  x,
  y,
  columns,
  rows,
  size = () => 1,
}: {
  x: number;
  y: number;
  columns: number;
  rows: number;
  size?: (at: number) => number;
}) {
  return Array.from({ length: columns * rows }, (_, at) => {
    const side = Math.min(11, 7.5 * Math.sqrt(size(at)));
    if (side === 0) return null;
    const [cx, cy] = [x + (at % columns) * 12 + 6, y + Math.floor(at / columns) * 12 + 6];
    return (
      <rect
        key={at}
        x={cx - side / 2}
        y={cy - side / 2}
        width={side}
        height={side}
        rx={1.5}
        className={size(at) > 1 ? styles.heavy : styles.light}
      />
    );
  });
}

/** A network: three and two, all connected. */
function Net({ x, y, tone = 'training' }: { x: number; y: number; tone?: string }) {
  const left = [6, 13, 20];
  const right = [9, 17];
  return (
    <g transform={`translate(${x},${y})`}>
      <rect width={34} height={26} rx={6} className={styles.box} />
      {left.flatMap((a) =>
        right.map((b) => (
          <line key={`${a} ${b}`} x1={9} y1={a} x2={25} y2={b} stroke={`var(--w-${tone})`} strokeOpacity={0.5} />
        )),
      )}
      {left.map((cy) => (
        <circle key={cy} cx={9} cy={cy} r={2.4} fill={`var(--w-${tone})`} />
      ))}
      {right.map((cy) => (
        <circle key={cy} cx={25} cy={cy} r={2.4} fill={`var(--w-${tone})`} />
      ))}
    </g>
  );
}

/** Where several become one. */
function Together({ x, y }: { x: number; y: number }) {
  return (
    <>
      <circle cx={x} cy={y} r={14} className={styles.joint} />
      <path d={`M${x - 6},${y}h12m-6,-6v12`} stroke="var(--w-combined)" strokeWidth={2.5} strokeLinecap="round" />
    </>
  );
}

function Arrow({ from, to }: { from: readonly [number, number]; to: readonly [number, number] }) {
  const turn = (Math.atan2(to[1] - from[1], to[0] - from[0]) * 180) / Math.PI;
  return (
    <>
      <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} className={styles.line} strokeWidth={1.25} />
      <path
        d="M0,0L-6,-3.5L-6,3.5Z"
        transform={`translate(${to[0]},${to[1]}) rotate(${turn})`}
        className={styles.headOf}
      />
    </>
  );
}
