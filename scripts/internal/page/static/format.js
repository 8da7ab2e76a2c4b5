// How values are written.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minute = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const exact = new Intl.DateTimeFormat(undefined, {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit',
  fractionalSecondDigits: 3, hourCycle: 'h23', timeZoneName: 'short',
});
const grouped = new Intl.NumberFormat('en');

export const time = (at) => clock.format(at);
export const timeOfMinute = (at) => minute.format(at);
export const exactTime = (at) => exact.format(at);
export const number = (n) => grouped.format(n);

export const plural = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`;

/** Milliseconds, with as many digits as say something. */
export function millis(value) {
  if (value >= 10000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  if (value >= 1) return `${value.toFixed(1)} ms`;
  return `${value.toFixed(2)} ms`;
}

/** Seconds, as hours, minutes and seconds. */
export function duration(seconds) {
  const parts = [[Math.floor(seconds / 3600), 'h'], [Math.floor(seconds / 60) % 60, 'min'], [Math.round(seconds % 60), 's']];
  return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(' ') || '0 s';
}

/** What became of a request: allowed, refused, failed, or other: let through, and then no success. */
export function outcome(row) {
  if (row.status >= 500) return 'failed';
  if (row.reason) return 'refused';
  return row.status >= 400 ? 'other' : 'allowed';
}

export const outcomes = { allowed: 'let through', refused: 'refused', failed: 'failed', other: 'let through, no success' };

/** What protected a request, in a word or two. */
export function protection(row) {
  const words = { hit: 'cache hit', miss: 'cache miss', off: 'no cache', jwt: 'JWT', iam: 'IAM', lambda: 'not asked' };
  return words[row.cache || row.protection] ?? row.protection;
}
