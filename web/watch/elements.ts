/** The elements of the page, and new ones. */

export const $ = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;

export function make<Name extends "input" | "button" | "dt" | "dd">(name: Name, properties: object) {
  return Object.assign(document.createElement(name), properties);
}
