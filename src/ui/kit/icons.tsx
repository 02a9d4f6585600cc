/** The few signs of the studio, drawn with one stroke. They are decoration: whatever uses one carries its own name. */
import type { ReactNode } from 'react';

function icon(shape: ReactNode) {
  return function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg
        viewBox="0 0 24 24"
        width={`${size / 16}rem`}
        height={`${size / 16}rem`}
        fill="none"
        stroke="currentColor"
        strokeWidth={1.75}
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {shape}
      </svg>
    );
  };
}

export const UndoIcon = icon(<path d="M8.5 5 4 9.5 8.5 14M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3.5" />);
export const RedoIcon = icon(<path d="M15.5 5 20 9.5 15.5 14M19.5 9.5H10a5.5 5.5 0 0 0 0 11h3.5" />);
export const OpenIcon = icon(
  <path d="M3.5 18.5v-12a1.5 1.5 0 0 1 1.5-1.5h4.5l2 2.5H18a1.5 1.5 0 0 1 1.5 1.5v1.5M3.5 18.5 6 11.5a1.5 1.5 0 0 1 1.4-1H20a1 1 0 0 1 1 1.3l-2 6.2a1.5 1.5 0 0 1-1.4 1H4.5a1 1 0 0 1-1-.5Z" />,
);
export const SunIcon = icon(
  <>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 3v1.5M12 19.5V21M3 12h1.5M19.5 12H21M5.64 5.64l1.06 1.06M17.3 17.3l1.06 1.06M5.64 18.36l1.06-1.06M17.3 6.7l1.06-1.06" />
  </>,
);
export const MoonIcon = icon(<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z" />);
export const SystemIcon = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 3.5v17a8.5 8.5 0 0 0 0-17Z" fill="currentColor" stroke="none" />
  </>,
);
export const PlayIcon = icon(
  <path d="M7.5 5.2v13.6a.6.6 0 0 0 .9.5l10.8-6.8a.6.6 0 0 0 0-1L8.4 4.7a.6.6 0 0 0-.9.5Z" fill="currentColor" />,
);
export const PauseIcon = icon(<path d="M8.5 5.5v13M15.5 5.5v13" strokeWidth={2.5} />);
export const StepIcon = icon(
  <>
    <path d="M6 5.8v12.4a.6.6 0 0 0 .9.5l8.6-6.2a.6.6 0 0 0 0-1L6.9 5.3a.6.6 0 0 0-.9.5Z" fill="currentColor" />
    <path d="M18.5 5.5v13" strokeWidth={2.25} />
  </>,
);
export const StopIcon = icon(<rect x="6.5" y="6.5" width="11" height="11" rx="1.5" fill="currentColor" />);
export const PencilIcon = icon(
  <path d="m14.5 6.5 3 3M4.5 19.5l1-4L16 5a1.5 1.5 0 0 1 2.1 0l.9.9a1.5 1.5 0 0 1 0 2.1L8.5 18.5l-4 1Z" />,
);
export const TrashIcon = icon(
  <path d="M4.5 7h15M9.5 7V5a1 1 0 0 1 1-1h3a1 1 0 0 1 1 1v2M6.5 7l.8 11.6a1.5 1.5 0 0 0 1.5 1.4h6.4a1.5 1.5 0 0 0 1.5-1.4L17.5 7M10 11v5M14 11v5" />,
);
export const CloseIcon = icon(<path d="m6.5 6.5 11 11M17.5 6.5l-11 11" />);
export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7.5" />);
export const ArrowIcon = icon(<path d="M5 12h14M13.5 6.5 19 12l-5.5 5.5" />);
export const SortIcon = icon(<path d="m8.5 9.5 3.5-3.5 3.5 3.5M8.5 14.5l3.5 3.5 3.5-3.5" />);
export const UpIcon = icon(<path d="m7 14.5 5-5 5 5" />);
export const DownIcon = icon(<path d="m7 9.5 5 5 5-5" />);
export const WarnIcon = icon(
  <>
    <path d="M12 4.5 2.8 19.5h18.4L12 4.5Z" />
    <path d="M12 10.5v4M12 17v.100" />
  </>,
);
export const InfoIcon = icon(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 11.5v4.5M12 8v.100" />
  </>,
);
