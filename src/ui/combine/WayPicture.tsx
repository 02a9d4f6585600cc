/**
 * A picture of how members answer together: an image goes in at the left, one answer comes out at the right. Lines are as
 * thick as what goes along them, a member's weight or its share of the images, where that is known.
 */
import type { ReactNode } from 'react';
import styles from '#ui/combine/picture.module.css';
import { fitted, inPicture, type PictureMember, thickness, toldApart, type WayShape } from '#ui/combine/way-shapes.ts';
import { useFormat, useText } from '#ui/kit/words.ts';

interface PictureProps {
  readonly shape: WayShape;
  /** Empty: three without names are drawn. */
  readonly members: readonly PictureMember[];
  /** In a cascade, how sure a member has to be; null elsewhere. */
  readonly threshold?: number | null;
}

const WIDTH = 360;
const ROW = 42;
const unknown = (name: string, id: string): PictureMember => ({ id, name, weight: null, used: null });

export function WayPicture({ shape, members, threshold = null }: PictureProps) {
  const t = useText();
  const named =
    members.length > 0 ? members : ['A', 'B', 'C'].map((letter) => unknown(t('combine.someModel', { letter }), letter));
  const short = toldApart(named.map(({ name }) => name));
  const { shown, more } = inPicture(named.map((member, at) => ({ ...member, name: short[at] ?? member.name })));
  // A router stands before its specialists, not among them.
  const isFan = shape === 'router' || shape === 'chain';
  const rows = shown.length + (more > 0 ? 1 : 0) - (isFan ? 1 : 0);
  const isTall = shape === 'cascade';
  const height = Math.max(2, rows) * (isTall ? ROW + 14 : ROW) + 8;
  const Drawing = { mean: Parallel, vote: Parallel, stack: Parallel, cascade: Stages, router: Fan, chain: Fan }[shape];
  return (
    <svg
      className={styles.picture}
      viewBox={`0 0 ${WIDTH} ${height}`}
      role="img"
      aria-label={t(`combine.pictures.${shape}`, { count: named.length })}
    >
      <Drawing shape={shape} members={shown} more={more} height={height} threshold={threshold} />
    </svg>
  );
}

interface DrawingProps {
  readonly shape: WayShape;
  readonly members: readonly PictureMember[];
  readonly more: number;
  readonly height: number;
  readonly threshold: number | null;
}

/** Side by side: all answer, something makes one answer of them. */
function Parallel({ shape, members, more, height }: DrawingProps) {
  const t = useText();
  const format = useFormat();
  const middle = height / 2;
  const places = members.length + (more > 0 ? 1 : 0);
  const top = middle - (places * ROW) / 2;
  const heaviest = Math.max(...members.map(({ weight }) => weight ?? 0), 1e-9);
  return (
    <>
      <Picture x={2} y={middle - 18} />
      {members.map((member, row) => {
        const y = top + row * ROW + ROW / 2;
        const { weight } = member;
        return (
          <g key={member.id} opacity={weight === 0 ? 0.45 : 1}>
            <Line from={[40, middle]} to={[66, y]} width={1.5} />
            <Box x={66} y={y - 15} width={142} name={member.name} />
            <Answer x={216} y={y} isBallot={shape === 'vote'} seed={row} />
            <Line from={[250, y]} to={[285, middle]} width={weight === null ? 1.5 : thickness(weight / heaviest)} />
            {weight !== null && (
              // Over its answer, where no line passes.
              <text x={229} y={y - 13} className={styles.small} textAnchor="middle">
                {format.percent(weight, 0)}
              </text>
            )}
          </g>
        );
      })}
      {more > 0 && <More x={137} y={top + members.length * ROW + ROW / 2} count={more} />}
      <circle cx={303} cy={middle} r={19} className={styles.joint} />
      <text x={303} y={middle + 4} textAnchor="middle" className={styles.jointText}>
        {t(`combine.joints.${shape === 'vote' || shape === 'stack' ? shape : 'mean'}`)}
      </text>
      <Arrow from={[323, middle]} to={[338, middle]} width={2} />
      <Answer x={340} y={middle} isBallot seed={1} narrow />
    </>
  );
}

/** One after another: each answers what it is sure of and hands on the rest. */
function Stages({ members, more, threshold }: DrawingProps) {
  const t = useText();
  const format = useFormat();
  const step = ROW + 14;
  return (
    <>
      <Picture x={2} y={7} />
      {members.map((member, row) => {
        const y = 4 + row * step + 21;
        const isLast = row === members.length - 1 && more === 0;
        const { used } = member;
        const next = members[row + 1]?.used ?? (isLast ? 0 : null);
        const stops = used === null || next === null ? null : Math.max(0, used - next);
        const sure = isLast
          ? t('combine.always')
          : threshold === null
            ? t('combine.sure')
            : t('combine.sureFrom', { share: format.percent(threshold, threshold > 0.99 && threshold < 1 ? 1 : 0) });
        return (
          <g key={member.id}>
            {row === 0 && <Arrow from={[40, y]} to={[62, y]} width={thickness(used)} />}
            <Box x={64} y={y - 15} width={142} name={member.name} />
            <Arrow from={[208, y]} to={[296, y]} width={thickness(stops)} />
            <text x={250} y={y - 7} textAnchor="middle" className={styles.small}>
              {sure}
            </text>
            <Answer x={300} y={y} isBallot seed={row} narrow />
            {stops !== null && (
              <text x={322} y={y + 4} className={styles.share}>
                {format.percent(stops, stops > 0 && stops < 0.0995 ? 1 : 0)}
              </text>
            )}
            {!isLast && (
              <>
                <Arrow from={[135, y + 16]} to={[135, y + step - 17]} width={thickness(next)} />
                <text x={146} y={y + step / 2 + 4} className={styles.small}>
                  {next === null
                    ? t('combine.unsure')
                    : t('combine.unsureShare', { share: format.percent(next, next > 0 && next < 0.0995 ? 1 : 0) })}
                </text>
              </>
            )}
          </g>
        );
      })}
      {more > 0 && <More x={135} y={4 + members.length * step + 21} count={more} />}
    </>
  );
}

/** One looks first and the others follow: a router and its specialists, or a group and the classes within it. */
function Fan({ shape, members, more, height }: DrawingProps) {
  const t = useText();
  const format = useFormat();
  const [first, ...others] = members;
  const middle = height / 2;
  const places = others.length + (more > 0 ? 1 : 0);
  const top = middle - (places * ROW) / 2;
  return (
    <>
      <Picture x={2} y={middle - 18} />
      <Arrow from={[40, middle]} to={[54, middle]} width={1.5} />
      <Box x={56} y={middle - 15} width={104} name={first?.name ?? ''} />
      <text x={108} y={middle + 28} textAnchor="middle" className={styles.small}>
        {t(shape === 'router' ? 'combine.routes' : 'combine.groups')}
      </text>
      {others.map((member, row) => {
        const y = top + row * ROW + ROW / 2;
        const { used } = member;
        return (
          <g key={member.id}>
            <Arrow from={[162, middle]} to={[196, y]} width={shape === 'chain' ? 1.5 : thickness(used)} />
            <Box x={198} y={y - 15} width={112} name={member.name} />
            {shape === 'router' && used !== null ? (
              <text x={316} y={y + 4} className={styles.share}>
                {format.percent(used, used > 0 && used < 0.0995 ? 1 : 0)}
              </text>
            ) : (
              <Answer x={318} y={y} isBallot={false} seed={row} />
            )}
          </g>
        );
      })}
      {more > 0 && <More x={254} y={top + others.length * ROW + ROW / 2} count={more} />}
    </>
  );
}

type Place = readonly [number, number];

function Line({ from, to, width }: { from: Place; to: Place; width: number }) {
  return <line x1={from[0]} y1={from[1]} x2={to[0]} y2={to[1]} strokeWidth={width} className={styles.line} />;
}

/** A line with a head, whatever its thickness. */
function Arrow({ from, to, width }: { from: Place; to: Place; width: number }) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const turn = (Math.atan2(dy, dx) * 180) / Math.PI;
  const length = Math.hypot(dx, dy);
  const head = 5 + width * 0.6;
  const end: Place = [from[0] + (dx * (length - head)) / length, from[1] + (dy * (length - head)) / length];
  return (
    <>
      <Line from={from} to={end} width={width} />
      <path
        d={`M0,0L${-head - 1},${-head * 0.62}L${-head - 1},${head * 0.62}Z`}
        transform={`translate(${to[0]},${to[1]}) rotate(${turn})`}
        className={styles.headOf}
      />
    </>
  );
}

function Box({ x, y, width, name }: { x: number; y: number; width: number; name: string }) {
  return (
    <>
      <rect x={x} y={y} width={width} height={30} rx={8} className={styles.box} />
      <text x={x + width / 2} y={y + 19.5} textAnchor="middle" className={styles.boxText}>
        <title>{name}</title>
        {fitted(name, Math.floor((width - 14) / 7.4))}
      </text>
    </>
  );
}

function More({ x, y, count }: { x: number; y: number; count: number }): ReactNode {
  const t = useText();
  return (
    <text x={x} y={y + 4} textAnchor="middle" className={styles.small}>
      {t('combine.more', { count })}
    </text>
  );
}

/** Heights of bars that only say "probabilities": nobody's in particular. */
const BARS = [
  [4, 7, 17, 6],
  [7, 16, 9, 4],
  [4, 5, 19, 5],
  [6, 6, 15, 9],
] as const;

/** What a member passes on: a probability for each class, or one vote. */
function Answer({
  x,
  y,
  isBallot,
  seed,
  narrow = false,
}: {
  x: number;
  y: number;
  isBallot: boolean;
  seed: number;
  narrow?: boolean;
}) {
  if (isBallot)
    return (
      <g className={styles.ballot} transform={`translate(${x + (narrow ? 0 : 8)},${y - 9})`}>
        <rect width={16} height={18} rx={4} />
        <path d="M4 9.5 7 12.5 12 6" />
      </g>
    );
  const bars = BARS[seed % BARS.length] ?? BARS[0];
  return (
    <g className={styles.probabilities}>
      {bars.map((height, at) => (
        <rect key={at} x={x + at * 7} y={y + 10 - height} width={5} height={height} rx={1} />
      ))}
    </g>
  );
}

/** A seven of 8 by 8 pixels: what goes in. */
const SEVEN = ['........', '.######.', '.....##.', '....##..', '...##...', '...##...', '..##....', '........'];

function Picture({ x, y }: { x: number; y: number }) {
  return (
    <g transform={`translate(${x},${y})`}>
      <rect width={36} height={36} rx={4} className={styles.frame} />
      {SEVEN.flatMap((line, row) =>
        [...line].map((ink, column) =>
          ink === '#' ? (
            <rect
              key={`${row}-${column}`}
              x={2 + column * 4}
              y={2 + row * 4}
              width={4.2}
              height={4.2}
              className={styles.ink}
            />
          ) : null,
        ),
      )}
    </g>
  );
}
