import type { Messages } from "./messages.ts";
import { phoneEs } from "./phone-es.ts";

export const es: Messages = {
  languageName: "Español",
  locale: "es",
  skipToContent: "Ir al contenido",
  otherLanguage: "Idioma",
  poweredBy: "Conectado por Tandem",
  development: "Se usan claves de desarrollo: aquí nada es secreto.",
  welcome: {
    title: (subject) => `${subject}: hable con nosotros`,
    lead: (subscriber) =>
      `Le llamamos y le ponemos en contacto con una persona de ${subscriber}. Solo necesita un teléfono.`,
    about: "Estaba leyendo",
    phoneLabel: "Su número de teléfono",
    phoneHint: (country, code) =>
      `País: ${country} (+${code}). Si es de otro país, empiece con + y su prefijo.`,
    phoneFromLink: "Este número venía en el enlace. Compruebe que es el suyo.",
    confirmNumber: (masked) => `Le llamaremos al ${masked}.`,
    numberEnding: (lastDigits) => `número que termina en ${lastDigits}`,
    otherNumber: "Llámenme a otro número",
    submit: "Llámenme ahora",
    next: "Qué pasará ahora",
    nextSteps: {
      rings: "Su teléfono sonará en unos segundos.",
      pressOne: "Pulse 1 en el teclado para continuar; así no se llama a nadie que no lo quiera.",
      tellsPage: "Llamamos a la persona adecuada y le contamos qué estaba leyendo.",
      tellsSubject: (subject) => `Llamamos a la persona adecuada y le contamos de qué se trata: ${subject}.`,
      ringsThen: "En cuanto conteste, sonará su teléfono.",
      talk: "Ustedes hablan. La persona puede mostrarle páginas aquí mismo.",
    },
    consent: (subscriber) => `Su número se usa solo para esta llamada con ${subscriber}.`,
    tokenRefused: "El enlace que siguió ya no es válido. Escriba su número de nuevo, por favor.",
    stale: "Esta página llevaba demasiado tiempo abierta. Compruebe su número e inténtelo otra vez.",
    liveCall: "Ya tiene una llamada en curso.",
    liveCallLink: "Ir a su llamada",
    problem: "Hay un problema",
  },
  refused: {
    title: "Ahora no podemos atender su llamada",
    closed: (subscriber, subject) => `${subscriber} no atiende llamadas sobre «${subject}» en este momento.`,
    opensAt: ({ day, time, zone }) => {
      // One o'clock is singular.
      const at = time.startsWith("1:") ? "a la" : "a las";
      return `Puede volver a llamar el ${day}, ${at} ${time} (${zone}).`;
    },
    opensUnknown: "Todavía no se sabe cuándo abrirá.",
    region: (subscriber) => `${subscriber} no atiende llamadas sobre este tema desde donde usted está.`,
    stopped: "Las llamadas están desactivadas por poco tiempo. Inténtelo más tarde.",
    otherSubjects: "Temas que puede consultar ahora",
    backToSite: (subscriber) => `Ir al sitio web de ${subscriber}`,
  },
  refusals: {
    "unknown-subject": "Ya no se atienden llamadas sobre este tema.",
    "number-impossible":
      "No se puede llamar a este número. Revise las cifras o escríbalo con el prefijo del país, por ejemplo +34 912 34 56 78.",
    "number-type-not-allowed":
      "Desde aquí no se puede llamar a números de este tipo. Escriba un número fijo o móvil.",
    "country-not-allowed": "Desde aquí no se puede llamar a números de este país.",
    "number-refuses-calls": "El titular de este número pidió que no se le llame.",
    "too-many-calls-to-number": "Ya se ha llamado varias veces a este número. Espere unos minutos.",
    "too-many-calls-from-address":
      "Se han pedido demasiadas llamadas desde su red. Inténtelo dentro de una hora.",
    "too-many-calls-for-subscriber": "Todas las líneas están ocupadas. Inténtelo dentro de unos minutos.",
    "outside-hours": "El centro de llamadas acaba de cerrar.",
    "outside-region": "Para este tema no se atienden llamadas a este número.",
    "token-already-used":
      "Este enlace ya se usó para una llamada. Vuelva a la página de la que venía y pulse de nuevo.",
    "platform-stopped": "Las llamadas están desactivadas por poco tiempo. Inténtelo más tarde.",
    "browser-not-allowed":
      "Ahora no se atienden llamadas desde el navegador. Denos un número de teléfono, por favor.",
    overloaded:
      "Hay tantas personas al teléfono con nosotros que en este momento no podemos atender más llamadas. No se ha llamado a nadie. Su número queda guardado aquí: espere un minuto y pulse de nuevo el botón, o vuelva más tarde.",
    "unit-unreachable": "Ahora mismo no podemos hacer llamadas. Inténtelo dentro de un minuto.",
  },
  connect: {
    callTo: (subscriber) => `Su llamada a ${subscriber}`,
    progress: "Progreso de su llamada",
    stages: {
      placing: { headline: "Vamos a llamarle", text: "Tenga el teléfono a mano, por favor." },
      "calling-you": {
        headline: "Su teléfono está sonando",
        text: "Conteste, por favor. Esta página sigue abierta para usted.",
      },
      "confirm-on-phone": {
        headline: "Pulse 1 en su teléfono",
        text: "Continuamos en cuanto lo pulse.",
      },
      "calling-center": {
        headline: "Llamamos a la persona adecuada",
        text: "No cuelgue, por favor. Oirá el tono de llamada.",
      },
      "agent-briefed": {
        headline: "Alguien ha contestado",
        text: "Le están contando de qué se trata. Enseguida le oirá.",
      },
      connected: {
        headline: "Está en contacto",
        text: "Deje esta página abierta: aquí aparecerán las páginas que le quieran mostrar.",
      },
      ending: { headline: "La llamada está terminando", text: "Un momento, por favor." },
    },
    stagesCenterFirst: {
      placing: {
        headline: "Vamos a llamar a la persona adecuada",
        text: "Su teléfono sonará cuando conteste. Téngalo a mano, por favor.",
      },
      "calling-center": {
        headline: "Llamamos a la persona adecuada",
        text: "Su teléfono sonará cuando conteste. Téngalo a mano, por favor.",
      },
      "agent-briefed": {
        headline: "Alguien ha contestado",
        text: "Le están contando de qué se trata. Enseguida sonará su teléfono.",
      },
      "calling-you": {
        headline: "Su teléfono está sonando",
        text: "Conteste, por favor: el agente le está esperando.",
      },
    },
    stagesInBrowser: {
      placing: {
        headline: "Vamos a empezar",
        text: "Deje esta página abierta, por favor: el sonido está en ella.",
      },
      "calling-you": {
        headline: "Estamos conectando su navegador",
        text: "Su micrófono y su altavoz son ahora su teléfono.",
      },
      "calling-center": {
        headline: "Llamamos a la persona adecuada",
        text: "No se vaya, por favor. Oirá el tono de llamada.",
      },
    },
    yourBrowser: "Su navegador está conectado",
    confirmKeys: {
      one: "Pónganme en contacto.",
      nine: "No pedí esta llamada y no quiero recibir más.",
    },
    milestones: {
      "your-phone": "Suena su teléfono",
      confirmed: "Usted acepta por teléfono",
      center: "Llamamos al centro de llamadas",
      agent: "Un agente recibe la información",
      connected: "Está en contacto",
    },
    done: "hecho",
    now: "ahora",
    later: "pendiente",
    cancel: "Cancelar la llamada",
    hangUp: "Colgar",
    from: (subscriber) => `De ${subscriber}`,
    connectionLost: "Se perdió la conexión con esta página. Su llamada continúa; intentamos reconectar.",
    connectionBack: "La página está conectada de nuevo.",
    staysOpen: "Deje esta página abierta durante la llamada, por favor.",
    refreshes: "Esta página se actualiza sola cada pocos segundos.",
  },
  pushed: {
    headline: (title) => title,
    shownBy: (subscriber) => `Se la muestra su agente de ${subscriber}`,
    frameTitle: (title) => `Página de su agente: ${title}`,
    openInTab: "Abrir en otra pestaña",
    opensNewTab: "se abre en otra pestaña",
    emptyFrame: "Si la página queda vacía, ábrala en otra pestaña.",
    close: "Cerrar esta página",
    missing: "La página que el agente quería mostrarle ya no existe.",
  },
  outcomes: {
    completed: { title: "Hasta pronto", text: "Su llamada ha terminado. Gracias por hablar con nosotros." },
    "visitor-cancelled": {
      title: "La llamada se canceló",
      text: "Usted terminó la llamada en esta página. No le llamaremos más, salvo que lo pida de nuevo.",
    },
    "user-busy": {
      title: "Su teléfono comunicaba",
      text: "Le llamamos, pero la línea estaba ocupada. Cuando quede libre, pida la llamada de nuevo.",
    },
    "user-no-answer": {
      title: "No contestó",
      text: "Su teléfono sonó y nadie contestó. Téngalo a mano y pida la llamada de nuevo.",
    },
    "user-declined": {
      title: "La llamada fue rechazada",
      text: "Su teléfono rechazó nuestra llamada. Si no era su intención, pídala de nuevo.",
    },
    "user-unreachable": {
      title: "No pudimos llegar a su teléfono",
      text: "El número no responde. Compruébelo e inténtelo de nuevo.",
    },
    "user-did-not-confirm": {
      title: "No oímos que pulsara 1",
      text: "Contestó, pero no pulsó 1, así que no continuamos. Pida la llamada de nuevo y pulse 1 cuando se lo pidan.",
    },
    "user-refused-calls": {
      title: "No le llamaremos más",
      text: "Pulsó 9: este número no recibirá más llamadas nuestras. No tiene que hacer nada más.",
    },
    "user-hung-up-early": {
      title: "La llamada terminó antes de tiempo",
      text: "Su teléfono colgó antes de que pudiéramos ponerle en contacto. Si aún quiere hablar, pida la llamada de nuevo.",
    },
    "center-busy": {
      title: "Todas las líneas están ocupadas",
      text: "No había nadie libre para atenderle. Inténtelo dentro de unos minutos.",
    },
    "center-no-answer": {
      title: "Nadie contestó",
      text: "Dejamos sonar, pero no había nadie libre para atenderle. Inténtelo dentro de unos minutos.",
    },
    "center-declined": {
      title: "No se atendió la llamada",
      text: "El centro de llamadas la rechazó. Inténtelo más tarde.",
    },
    "center-unreachable": {
      title: "No se puede llegar al centro de llamadas",
      text: "Su línea no funciona en este momento. Inténtelo más tarde.",
    },
    "center-closed": {
      title: "El centro de llamadas está cerrado",
      text: "Cerró antes de que entrara su llamada. Inténtelo en el horario de atención.",
    },
    "nobody-signed-on": {
      title: "No había ningún agente",
      text: "Contestaron, pero ningún agente tomó la llamada. Inténtelo dentro de unos minutos.",
    },
    "agent-hung-up-early": {
      title: "La llamada terminó antes de tiempo",
      text: "La línea del centro se cortó antes de ponerle en contacto. Inténtelo de nuevo.",
    },
    "not-permitted": {
      title: "La llamada no está permitida",
      text: "En este momento no se permiten llamadas a este número. Pida una llamada a otro número o inténtelo más tarde.",
    },
    "time-limit": {
      title: "La llamada llegó a su límite",
      text: "La duración de las llamadas es limitada. Puede volver a llamar.",
    },
    "platform-failed": {
      title: "Algo falló por nuestra parte",
      text: "Lo sentimos: no se pudo completar la llamada. Inténtelo de nuevo.",
    },
  },
  outcomesInBrowser: {
    "user-no-answer": {
      title: "No se conectó su navegador",
      text: "Esperamos su micrófono y no llegó. Pida la llamada otra vez o denos un número de teléfono.",
    },
    "user-unreachable": {
      title: "No pudimos llegar a su navegador",
      text: "No se pudo conectar el sonido. Inténtelo otra vez o denos un número de teléfono.",
    },
    "user-declined": {
      title: "No se conectó su navegador",
      text: "No pudo usar el micrófono. Pida la llamada otra vez o denos un número de teléfono.",
    },
    "user-busy": {
      title: "No se conectó su navegador",
      text: "No pudo usar el micrófono. Pida la llamada otra vez o denos un número de teléfono.",
    },
    "user-hung-up-early": {
      title: "La llamada terminó antes de tiempo",
      text: "El sonido de su navegador se cortó antes de ponerle en contacto. Si todavía quiere hablar, pida la llamada otra vez.",
    },
  },
  phone: phoneEs,
  disconnect: { again: "Llamar otra vez", back: (subscriber) => `Volver a ${subscriber}` },
  notice: {
    notFoundTitle: "Esta página no existe",
    notFoundSubscriber: "El enlace que siguió no lleva a nadie que conozcamos. Vuelva atrás y pruebe otro.",
    notFoundSubject: (subscriber) => `${subscriber} no atiende llamadas sobre este tema.`,
    notFoundCall: "En esta dirección no hay ninguna llamada suya. Quizá se hizo en otro navegador.",
    notFoundPage: "En esta dirección no hay nada.",
    badLinkTitle: "No se puede leer este enlace",
    badLink:
      "El enlace que siguió está dañado. No se guardó nada y no se llamó a nadie. Vuelva atrás e inténtelo de nuevo.",
    fieldFault: {
      repeated: (field) => `La parte «${field}» aparece dos veces.`,
      "too-long": (field) => `La parte «${field}» es demasiado larga.`,
      "not-readable": (field) =>
        field === "" ? "Una de sus partes no se puede leer." : `La parte «${field}» no se puede leer.`,
      "too-many": () => "Tiene demasiadas partes.",
    },
    slowDownTitle: "Espere un momento",
    slowDown: (seconds) =>
      `Llegaron demasiadas peticiones desde su red. Inténtelo dentro de ${seconds} ${seconds === 1 ? "segundo" : "segundos"}.`,
    foreignTitle: "Empiece de nuevo, por favor",
    foreign:
      "Este formulario no lo hizo esta página, o se borraron sus cookies. No se llamó a nadie. Vuelva al sitio web y pulse de nuevo.",
    brokenTitle: "Algo falló por nuestra parte",
    broken: "Lo sentimos. Inténtelo dentro de un minuto.",
    unavailableTitle: "Estamos ocupados",
    unavailable: "Hay demasiadas visitas a la vez. Inténtelo dentro de un minuto.",
  },
};
