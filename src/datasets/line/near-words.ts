/**
 * Words that near-duplicates are told by, in the languages that people write to agents in most: what may be said or
 * left out (articles, politeness, fillers), what joins (function words), what must be the same (negations, numbers,
 * units, opposites), and what means the same. A word of another language is an ordinary word.
 */
export const WORD = 0;
/** Must be the same on both sides: numbers, ids, addresses, negations, units, opposites. */
export const EXACT = 1;
/** Joins words: of those that differ none makes another question. */
export const FUNCTION = 2;
/** May be said or left out. */
export const STOP = 3;

const list = (text: string): string[] => text.trim().split(/\s+/u);

const STOPS = list(`
  a an the is are am be please pls plz kindly thanks thank thx hi hello hey dear could would can will you just really
  very quite actually simply basically certainly currently sorry
  der das den dem des ein eine einen einem einer ist sind bin bitte danke hallo könnten könnte können würden würde
  le la les un une est sont merci bonjour svp el los las una es gracias hola il lo gli grazie ciao`);
const FUNCTIONS = list(`
  of for in at on with to by as this that these those it its and or so then there here do does did have has had having
  me my i we our us your about which what who how when where also too still
  die von für mit zu zum zur am im auf an und oder dann hier mir mich mein meine ich wir uns du sie wie was wer wo wann auch
  de du des pour dans sur avec et ou je mon ma mes nous vous que qui quoi en por para con y o mi tu su`);
const EXACTS = list(`
  yes no none all any each every only some most both either few many least more less before after until since from
  than into over under above below up down off out inside outside left right first last next previous
  without except instead against between during
  increase decrease raise lower enable disable open close start stop begin end add remove buy sell send receive accept
  reject allow deny lock unlock login logout on true false valid invalid positive negative maximum minimum max min
  highest lowest always sometimes often seldom rarely today tomorrow yesterday morning noon afternoon evening night
  he she him her his hers male female man woman men women boy girl mr mrs ms
  zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
  eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion half quarter
  dozen once twice third fourth fifth sixth seventh eighth ninth tenth
  monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
  october november december
  second seconds minute minutes hour hours day days week weeks month months year years
  mm cm m km mile miles inch inches foot feet yard yards mg g kg gram grams kilogram kilograms pound pounds lb lbs ounce
  ounces oz ton tons ml l litre litres liter liters gallon gallons celsius fahrenheit kelvin percent watt watts volt
  volts byte bytes kb mb gb tb bit bits hz khz mhz ghz meter meters metre metres kilometer kilometers kilometre kilometres
  usd eur gbp chf jpy cny inr cad aud dollar dollars euro euros yen franc francs rupee rupees yuan cent cents peso pesos
  ja nein alle jeder jede jedes nur vor nach bis seit ohne aus über unter links rechts erste letzte nächste immer
  null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig hundert tausend
  montag dienstag mittwoch donnerstag freitag samstag sonntag januar februar märz mai juni juli oktober dezember
  heute morgen gestern sekunde sekunden minuten stunde stunden tag tage woche wochen monat monate jahr jahre
  oui non tous chaque seulement avant après sans gauche droite premier dernier deux trois quatre cinq six sept huit neuf dix
  vingt cent mille lundi mardi mercredi jeudi vendredi samedi dimanche aujourd demain hier
  janvier février mars avril juin juillet août septembre octobre novembre décembre
  sí todos cada solo antes después sin izquierda derecha primero último dos tres cuatro cinco seis siete ocho nueve diez
  veinte cien mil lunes martes miércoles jueves viernes sábado domingo hoy mañana ayer
  enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre`);
/** One kind: "do not" and "don't" deny alike. */
const NEGATIONS = list(`
  not never cannot dont doesnt didnt wont wouldnt cant couldnt shouldnt isnt arent wasnt werent hasnt havent hadnt mustnt
  neednt aint nor neither nobody nothing nowhere
  nicht kein keine keinen keinem keiner nie niemals niemand nichts
  pas jamais aucun aucune rien personne nunca nada nadie ningún ninguno ninguna tampoco non mai nessuno niente`);
/** Each row means one thing; the first word stands for all. None that could be two different labels. */
const SYNONYMS = `
  quick fast rapid speedy swift | quickly rapidly swiftly | big large | small little | buy purchase | help assist aid |
  problem issue trouble | show display | fix repair | get obtain | need require | want wish | photo photograph |
  reply respond | maybe perhaps possibly | movie film | kid child | kids children | car automobile | happy glad |
  difficult hard | easy simple | wrong incorrect | important essential crucial | main primary | choose select pick |
  whole entire complete | regarding concerning | usually normally generally | immediately instantly | explain clarify |
  email mail | tell inform | phone telephone | whether if | because since | but however | brief short | finish complete | sofa couch |
  find locate | make create | parcel package | customer client | broken damaged defective faulty | expensive costly |
  cheap inexpensive | huge enormous | trip journey | holiday vacation | garbage trash rubbish | flat apartment |
  lift elevator | change modify alter | check verify | contact reach | colleague coworker | company firm |
  give provide | use utilise utilize | try attempt | happen occur | happened occurred | gather collect | strange odd weird |
  clever smart intelligent | rich wealthy | loud noisy | tasty delicious | talk speak | sick ill | mobile cellphone |
  beautiful pretty | afraid scared | quiet silent | old aged | helped assisted | needed required | wanted wished |
  bought purchased | fixed repaired | changed modified altered | found located | checked verified | gave provided |
  used utilised utilized | tried attempted | asked requested | answered replied responded | told informed`;

/** Said around a request, and no part of it; without apostrophes. */
const PHRASES = `
  if you dont mind | would you mind | if possible | thanks in advance | thank you in advance | thanks a lot | many thanks |
  thank you so much | thank you very much | thanks so much | i would like to know | id like to know | i would like to |
  id like to | i was wondering if | i was wondering | when you get a chance | when you have time | would be great |
  i would appreciate it | id appreciate it | much appreciated | would you be so kind | be so kind as to | for me please |
  excuse me | good morning | good afternoon | good evening | good day | best regards | kind regards | many greetings |
  i hope you are well | hope you are well | im sorry to bother you | let me know | would it be possible to | is it possible to |
  vielen dank | im voraus | guten tag | mit freundlichen grüßen | wenn möglich | ich möchte gerne | s il vous plaît | por favor`;

export interface Meaning {
  readonly kind: number;
  /** What it is taken for. */
  readonly hash: number;
}

export const SEED = 0x811c9dc5;
export const mixed = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193);
/** Ends a hash: every bit depends on each. */
export function ended(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
export function hashOfText(text: string): number {
  let hash = SEED;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // As upper-case text would write it.
    if (code === 0xdf) hash = mixed(mixed(hash, 115), 115);
    else hash = mixed(hash, code);
  }
  return ended(hash);
}

/** A text with one of these may be about a word itself: none is taken for another there. */
export const ABOUT_WORDS = new Set(
  list(
    "word words mean means meaning definition define synonym synonyms antonym translate translation spell rhyme called wort bedeutet",
  ).map((word) => hashOfText(word)),
);

const meanings = new Map<number, Meaning>();
/** Which words can be in the table, by sixteen bits: nearly all are told by one look. */
const possible = new Uint8Array(65_536);
function mean(word: string, kind: number, as = word): void {
  const hash = hashOfText(word);
  meanings.set(hash, { kind, hash: hashOfText(as) });
  possible[hash >>> 16] = 1;
}
for (const row of SYNONYMS.split("|")) {
  const [first = "", ...others] = list(row);
  for (const other of others) mean(other, WORD, first);
}
for (const word of FUNCTIONS) mean(word, FUNCTION);
for (const word of STOPS) mean(word, STOP);
for (const word of EXACTS) mean(word, EXACT);
for (const word of NEGATIONS) mean(word, EXACT, "not");

/** What a word is taken for; undefined: an ordinary one. */
export const meaningOf = (hash: number): Meaning | undefined =>
  possible[hash >>> 16] === 0 ? undefined : meanings.get(hash);

const phrases = new Map<number, (readonly number[])[]>();
const beginning = new Uint8Array(65_536);
for (const phrase of PHRASES.split("|")) {
  const hashes = list(phrase).map(hashOfText);
  const first = hashes[0] as number;
  const held = phrases.get(first) ?? [];
  beginning[first >>> 16] = 1;
  phrases.set(
    first,
    [...held, hashes].toSorted((a, b) => b.length - a.length),
  );
}
/** Polite phrases that begin with a word, longest first. */
export const phrasesFrom = (hash: number): readonly (readonly number[])[] | undefined =>
  beginning[hash >>> 16] === 0 ? undefined : phrases.get(hash);

/** Politeness in scripts without spaces. */
export const UNSPACED_POLITENESS =
  /请问|請問|请|請|谢谢您|谢谢你|谢谢|謝謝|麻烦您|麻烦你|お願いいたします|お願いします|ありがとうございます|してください|ください|ありがとう|您好|你好|こんにちは/gu;
