/** The sign of Mythgate: an arch within an arch. */
export function Gate({ size = 28 }: { readonly size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden focusable="false">
      <path d="M6 29V14a10 10 0 0 1 20 0v15" stroke="var(--brass)" strokeWidth="2.5" />
      <path d="M11 29V15a5 5 0 0 1 10 0v14" stroke="var(--verdigris)" strokeWidth="2" />
      <path d="M16 20v9M3 29h26" stroke="var(--text)" strokeWidth="2" />
    </svg>
  );
}
