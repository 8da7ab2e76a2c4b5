// The rows that the page keeps, in the order of their numbers, and those that a filter lets
// through.

import { outcome } from './format.js';

export const bound = 10000;

/** Where seq stands in rows, or would. */
function place(rows, seq) {
  if (rows.length === 0 || rows[rows.length - 1].seq < seq) return rows.length;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].seq < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function put(rows, row) {
  const at = place(rows, row.seq);
  rows.splice(at, rows[at]?.seq === row.seq ? 1 : 0, row);
}

function remove(rows, seq) {
  const at = place(rows, seq);
  if (rows[at]?.seq === seq) rows.splice(at, 1);
}

/** Drops from the front what is older than seq. */
function dropBefore(rows, seq) {
  rows.splice(0, place(rows, seq));
}

export class Store {
  all = [];
  shown = this.all;
  dropped = 0;
  matches = () => true;

  get filtered() { return this.shown !== this.all; }

  /**
   * Adds rows, and tells how many of those that are shown are newer than what was. One that
   * was dropped stays so, though more becomes known of it.
   */
  add(rows, dropped) {
    const last = this.all.at(-1)?.seq ?? 0;
    const newest = this.shown.at(-1)?.seq ?? 0;
    this.dropped += dropped;
    for (const row of rows) {
      if (row.seq <= last && !this.bySeq(row.seq)) continue;
      put(this.all, row);
      if (!this.filtered) continue;
      if (this.matches(row)) put(this.shown, row);
      else remove(this.shown, row.seq);
    }
    if (this.all.length > bound) {
      const oldest = this.all[this.all.length - bound].seq;
      dropBefore(this.all, oldest);
      if (this.filtered) dropBefore(this.shown, oldest);
    }
    return this.shown.length - place(this.shown, newest + 1);
  }

  filter({ text, status, route }) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    this.matches = (row) => {
      if (route && route !== `${row.api} ${row.route}`) return false;
      if (status && status !== outcome(row) && !String(row.status).startsWith(status)) return false;
      if (words.length === 0) return true;
      const all = `${row.method} ${row.path} ${row.route} ${row.status} ${row.cache} ${row.reason} ${row.id}`.toLowerCase();
      return words.every((word) => all.includes(word));
    };
    this.shown = text.trim() || status || route ? this.all.filter(this.matches) : this.all;
  }

  bySeq(seq) {
    const row = this.all[place(this.all, seq)];
    return row?.seq === seq ? row : undefined;
  }

  byRequestID(id) {
    return this.all.findLast((row) => row.id === id);
  }
}
