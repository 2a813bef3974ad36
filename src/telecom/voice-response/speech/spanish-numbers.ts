/** A whole number in Spanish words, as read in a text: `21` is `veintiuno`. From a million on, and with a leading zero, digit by digit. */
export function spanishNumber(digits: string): string {
  if (digits.length > 6 || (digits.length > 1 && digits.startsWith("0"))) {
    return Array.from(digits, (digit) => small[Number(digit)] ?? "").join(" ");
  }
  return upToMillion(Number(digits));
}

function upToMillion(n: number): string {
  if (n < 1000) return upToThousand(n);
  const thousands = Math.floor(n / 1000);
  const head =
    thousands === 1
      ? "mil"
      : `${upToThousand(thousands)
          .replace(/veintiuno$/u, "veintiún")
          .replace(/uno$/u, "un")} mil`;
  return n % 1000 === 0 ? head : `${head} ${upToThousand(n % 1000)}`;
}

function upToThousand(n: number): string {
  if (n < 30) return small[n] ?? "";
  if (n < 100) {
    const ten = tens[Math.floor(n / 10)] ?? "";
    return n % 10 === 0 ? ten : `${ten} y ${small[n % 10] ?? ""}`;
  }
  if (n === 100) return "cien";
  const hundred = hundreds[Math.floor(n / 100)] ?? "";
  return n % 100 === 0 ? hundred : `${hundred} ${upToThousand(n % 100)}`;
}

const small = (
  "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete " +
  "dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis veintisiete " +
  "veintiocho veintinueve"
).split(" ");
const tens = ["", "", "", "treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"];
const hundreds =
  " ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos".split(
    " ",
  );
