// %%
import fs from "fs";
fs.writeFileSync("slug.mjs", `
export const slug = (text) => text.toLowerCase().normalize("NFD").replace(/[\\u0300-\\u036f]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
export default slug;
`);
// %%
import slug, { slug as named } from "./slug.mjs";
[slug("  Crème Brûlée!! "), slug === named]
//> [ 'creme-brulee', true ]
// %%
import { titles, title } from "./titles.js";
fs.writeFileSync("titles.js", "");
//! Error
// %%
fs.writeFileSync("titles.js", `
const { slug } = await import("./slug.mjs");
export const titles = ["One Two", "Drei Vier"].map(slug);
export function title(n) { return titles[n] ?? fail(n); }
function fail(n) { throw new RangeError("no title " + n); }
`);
// %%
import { titles, title } from "./titles.js";
title(1)
//> 'drei-vier'
// %%
title(2)
//! RangeError
// %%
export default class Page {
  constructor(title) { this.title = title; this.slug = slug(title); }
  toString() { return `/${this.slug}` }
}
export const pages = titles.map((t) => new Page(t));
`${pages}`
//> '/one-two,/drei-vier'
// %%
export { pages as default, Page };
import.meta
//! SyntaxError
// %%
const { default: again } = await import("./slug.mjs");
again === slug
//> true
