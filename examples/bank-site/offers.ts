/** What the bank says on its pages. */
export type Language = "en" | "es";
export const subjects = ["mortgages", "savings", "cards"] as const;
export type Subject = (typeof subjects)[number];

export interface Offer {
  readonly title: string;
  readonly lead: string;
  readonly points: readonly string[];
  readonly figure: string;
  readonly figureSays: string;
}

export const offers: Readonly<Record<Language, Readonly<Record<Subject, Offer>>>> = {
  en: {
    mortgages: {
      title: "Mortgages",
      lead: "A home of your own, at a rate that stays what it is for ten years.",
      points: ["A decision within two days", "Repay early, free of charge", "One person who knows your case"],
      figure: "3.4 %",
      figureSays: "fixed for ten years",
    },
    savings: {
      title: "Savings",
      lead: "Money that works while you sleep, and is there in the morning.",
      points: ["No minimum and no term", "Interest every month", "Protected up to the legal limit"],
      figure: "2.6 %",
      figureSays: "a year, paid monthly",
    },
    cards: {
      title: "Cards",
      lead: "One card for home and abroad. No fees that come as a surprise.",
      points: ["No fee for foreign currency", "Lock it yourself, any time", "A new one the next day"],
      figure: "$0",
      figureSays: "a year",
    },
  },
  es: {
    mortgages: {
      title: "Hipotecas",
      lead: "Su propia casa, a un tipo que no cambia durante diez años.",
      points: [
        "Respuesta en dos días",
        "Amortización anticipada sin coste",
        "Una persona que conoce su caso",
      ],
      figure: "3,4 %",
      figureSays: "fijo durante diez años",
    },
    savings: {
      title: "Ahorro",
      lead: "Dinero que trabaja mientras usted duerme y que está ahí por la mañana.",
      points: ["Sin mínimo y sin plazo", "Intereses cada mes", "Protegido hasta el límite legal"],
      figure: "2,6 %",
      figureSays: "al año, pagado cada mes",
    },
    cards: {
      title: "Tarjetas",
      lead: "Una tarjeta para casa y para el extranjero. Sin comisiones por sorpresa.",
      points: [
        "Sin comisión por cambio de moneda",
        "Bloquéela usted cuando quiera",
        "Una nueva al día siguiente",
      ],
      figure: "0 $",
      figureSays: "al año",
    },
  },
};

export const words: Readonly<Record<Language, Words>> = {
  en: {
    home: "Home",
    slogan: "A bank that picks up the phone.",
    lead: "Read in peace. And when a question comes up, one button brings a person to your telephone, who sees what you are looking at.",
    other: "Español",
    more: "Read more",
    speak: (subject) => `Speak to an agent about ${subject.toLowerCase()}`,
    speakShort: "Speak to an agent",
    signedIn: (name) => `You are signed in as ${name}.`,
    callMe: "Call me at the number you know",
    callMeSays: "We know your number and your customer code, and sign both: nothing to type.",
    typed: "Or without signing in: you type your number, and confirm it on the telephone.",
    rates: "Today's rates",
    offer: "Offer",
    rate: "Rate",
    calculator: "Monthly payment",
    amount: "Amount, in dollars",
    years: "Years",
    interest: "Interest a year, in per cent",
    compute: "Compute",
    aMonth: "a month",
    notFound: "This page does not exist",
    notFoundSays: "The link may be old, or mistyped. All that we offer is on our home page.",
    toHome: "To the home page",
    footer: "Example Bank is an example. It belongs to the Tandem project's demonstration.",
  },
  es: {
    home: "Inicio",
    slogan: "Un banco que contesta al teléfono.",
    lead: "Lea con calma. Y cuando tenga una duda, un botón trae a una persona a su teléfono, que ve lo que usted está mirando.",
    other: "English",
    more: "Más información",
    speak: (subject) => `Hablar con un agente sobre ${subject.toLowerCase()}`,
    speakShort: "Hablar con un agente",
    signedIn: (name) => `Ha iniciado sesión como ${name}.`,
    callMe: "Llámenme al número que conocen",
    callMeSays: "Conocemos su número y su código de cliente, y firmamos ambos: no hay nada que escribir.",
    typed: "O sin iniciar sesión: usted escribe su número y lo confirma por teléfono.",
    rates: "Tipos de hoy",
    offer: "Producto",
    rate: "Tipo",
    calculator: "Cuota mensual",
    amount: "Importe, en dólares",
    years: "Años",
    interest: "Interés anual, en tanto por ciento",
    compute: "Calcular",
    aMonth: "al mes",
    notFound: "Esta página no existe",
    notFoundSays:
      "Quizá el enlace sea antiguo o tenga un error. Todo lo que ofrecemos está en la página de inicio.",
    toHome: "A la página de inicio",
    footer: "Example Bank es un ejemplo. Forma parte de la demostración del proyecto Tandem.",
  },
};

export interface Words {
  readonly home: string;
  readonly slogan: string;
  readonly lead: string;
  readonly other: string;
  readonly more: string;
  readonly speak: (subject: string) => string;
  readonly speakShort: string;
  readonly signedIn: (name: string) => string;
  readonly callMe: string;
  readonly callMeSays: string;
  readonly typed: string;
  readonly rates: string;
  readonly offer: string;
  readonly rate: string;
  readonly calculator: string;
  readonly amount: string;
  readonly years: string;
  readonly interest: string;
  readonly compute: string;
  readonly aMonth: string;
  readonly notFound: string;
  readonly notFoundSays: string;
  readonly toHome: string;
  readonly footer: string;
}
