import { hostileStrings } from "#rig/hostile-strings.ts";

const line = "X-Smuggled: yes";
const ends = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  "\r\n\r\n",
  "\u2028",
  "\u0085",
  "\v",
  "\u560d\u560a",
  "%0d%0a",
  "%250d%250a",
  "\\r\\n",
  "&#13;&#10;",
];
const breaks = [
  ";",
  ">",
  '"',
  "<",
  ",",
  "@",
  "?",
  "%",
  "\\",
  "=",
  ":",
  " ",
  "\t",
  "\u202e",
  "\ud800",
  "é",
  "😀",
  "\u00ff",
];

/**
 * Strings that would be a header of their own, or end a value early, where somebody writes them as they come: ours, and the
 * public lists beside the project where they are there.
 */
export function smugglingStrings(): readonly string[] {
  const own = [
    ...ends.flatMap((end) => [
      `a${end}${line}`,
      `${end}${line}`,
      `a${end}`,
      `a${end} ${line}`,
      `x${end}INVITE sip:+19005550199@evil.example SIP/2.0${end}${line}`,
    ]),
    ...breaks.flatMap((mark) => [
      mark,
      `a${mark}`,
      `a${mark}${mark}b`,
      `a${mark};r=000000;s=other`,
      `a${mark}>;tag=forged${mark}`,
      `${mark}?X-Smuggled=yes`,
    ]),
  ];
  return [...new Set([...own, ...hostileStrings()])];
}
