/** A block, cut down step by step. */
export function Logo() {
  return (
    <svg
      viewBox="0 0 64 64"
      width="1.75rem"
      height="1.75rem"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
    >
      <rect width="64" height="64" rx="14" fill="#2f3e46" />
      <path d="M10 16a6 6 0 0 1 6-6h32a6 6 0 0 1 6 6v32a6 6 0 0 1-6 6H16a6 6 0 0 1-6-6z" fill="#52796f" />
      <path d="M10 28a5 5 0 0 1 5-5h14a5 5 0 0 1 5 5v21a5 5 0 0 1-5 5H10z" fill="#84a98c" />
      <path d="M10 42a4 4 0 0 1 4-4h8a4 4 0 0 1 4 4v12H16a6 6 0 0 1-6-6z" fill="#f2e8cf" />
    </svg>
  );
}
