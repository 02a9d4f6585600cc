/** Word that the chart has been drawn for the first time: what the page can do without until then waits for it. */

let tell: () => void = () => undefined;

/** Resolves when the chart's axes and what is laid over them are drawn. */
export const chartDrawn = new Promise<void>((resolve) => {
  tell = resolve;
});

export function tellChartDrawn(): void {
  tell();
}
