/**
 * Words that near-duplicates are told by, in the languages that people write to agents in most: what may be said or
 * left out (articles, politeness, hedges), and what means the same. A word that is in no list counts as it is written.
 */
const list = (text: string): string[] => text.trim().split(/\s+/u);

/** May be said or left out. */
const STOPS = list(`
  a an the is are be please pls plz kindly thanks thank thx hello hey hi dear sorry
  just really very quite actually simply basically certainly currently
  apparently recently unfortunately somehow probably clearly obviously honestly frankly evidently essentially presumably
  definitely absolutely truly extremely totally personally furthermore moreover additionally therefore thus hence however
  that this these those it its of and so then also too as do does have has
  der das den dem des ein eine einen einem einer ist sind bitte danke hallo und auch dann leider wirklich eigentlich
  offenbar wahrscheinlich gerade
  le la les un une sont merci bonjour svp el los las una es gracias hola il lo gli grazie ciao
  vraiment malheureusement probablement actuellement realmente desafortunadamente probablemente actualmente`);
/**
 * Each row means one thing; the first word stands for all. Only words that are no name, label or thing to ask about by
 * themselves, and forms of one word are rows of their own.
 */
const SYNONYMS = `
  not dont doesnt isnt arent | cannot cant | kein keine keinen keinem keiner | quick fast rapid speedy swift |
  quickly rapidly swiftly | big large | small little | purchase buy | purchases buys | help assist aid |
  helps assists aids | problem issue trouble | problems issues troubles | show display | shows displays |
  fix repair | fixes repairs | get obtain | gets obtains | need require | needs requires | want wish | wants wishes |
  photo photograph | photos photographs | reply respond | replies responds | maybe perhaps possibly | movie film |
  movies films | kid child | kids children | car automobile | cars automobiles | happy glad | difficult hard |
  easy simple | wrong incorrect | important essential crucial | main primary | choose select pick |
  chose selected picked | whole entire complete | regarding concerning | usually normally generally |
  immediately instantly | explain clarify | explained clarified | tell inform | told informed | phone telephone |
  phones telephones | whether if | because since | short brief | couch sofa | find locate | found located |
  make create | made created | parcel package | parcels packages | customer client | customers clients |
  broken damaged defective faulty smashed | costly expensive | cheap inexpensive | huge enormous | trip journey |
  holiday vacation | garbage trash rubbish | flat apartment | lift elevator | change modify alter |
  changed modified altered | check verify | checked verified | contact reach | contacted reached |
  colleague coworker | colleagues coworkers | company firm | companies firms | give provide | gave provided |
  given supplied | use utilise utilize | used utilised utilized | try attempt | tried attempted | happen occur |
  happens occurs | happened occurred | gather collect | gathered collected | strange odd weird |
  clever smart intelligent | rich wealthy | loud noisy | tasty delicious | talk speak | talked spoke | sick ill |
  mobile cellphone | beautiful pretty | afraid scared | quiet silent | old aged | helped assisted aided |
  needed required | wanted wished | bought purchased | fixed repaired | showed shown displayed |
  got received obtained | asked requested | answered replied responded | answer response |
  complained grumbled moaned | complain grumble moan | matter affair | matters affairs | empty blank | long lengthy |
  recommended suggested advised | recommend suggest advise | letter note | letters notes | driver courier |
  counter reception | previous earlier prior | begun started commenced | begin start commence | ended finished |
  angry furious | annoyed irritated | annoying irritating | store shop | stores shops | often frequently |
  rarely seldom | sad unhappy | tired exhausted | mistake error | mistakes errors | picture image | pictures images |
  job occupation | street road | house home | argue quarrel | argued quarrelled | permit allow | permits allows |
  permitted allowed | ensure guarantee | attain achieve | attained achieved | enough sufficient | nearly almost |
  roughly approximately | entirely completely fully | again anew | seems appears | seemed appeared |
  noticed observed | notice observe | wonderful marvellous marvelous | terrible awful dreadful | terribly awfully |
  goods merchandise | remain stay | remained stayed | throw toss | threw tossed | discard dispose |
  kinds types sorts | kind type sort | method approach | methods approaches | additional extra further |
  many numerous | several various | mostly mainly chiefly | sometimes occasionally | soon shortly |
  later afterwards | discover uncover | discovered uncovered | noise racket | fence railing | careful cautious |
  carefully cautiously | friendly amiable | rude impolite | politely courteously | postpone defer |
  postponed deferred | hurry rush | wait await | waited awaited | waiting awaiting | delayed late |
  assistance support | understand comprehend | understood comprehended | completed finalised finalized |
  gift present | gifts presents | odour odor smell | colour color | colours colors | favourite favorite |
  organise organize | organised organized | recognise recognize | cancelled canceled | travelling traveling |
  centre center | theatre theater | grey gray | tyre tire | licence license | behaviour behavior |
  neighbour neighbor | neighbours neighbors | summarise summarize | analyse analyze | catalogue catalog`;

/** Said around a request, and no part of it; without apostrophes. */
const PHRASES = `
  thank you | thanks to you | if you dont mind | would you mind | if possible | in advance | a lot | many thanks | so much | very much |
  i would like to know | id like to know | i would like to | id like to | i was wondering if | i was wondering |
  when you get a chance | when you have time | would be great | i would appreciate it | id appreciate it |
  much appreciated | would you be so kind as to | would you be so kind | be so kind as to | for me please | excuse me |
  good morning | good afternoon | good evening | good day | best regards | kind regards | many greetings |
  i hope you are well | hope you are well | im sorry to bother you | let me know | would it be possible to |
  is it possible to | can you | could you | would you | will you | können sie | könnten sie | kannst du | könntest du |
  würden sie | pouvez vous | pourriez vous | puede usted | podría usted | vielen dank | im voraus | guten tag |
  mit freundlichen grüßen | wenn möglich | ich möchte gerne | s il vous plaît | por favor`;

/** The word after one of these, or a sign of maths, is what it is about: to change places changes the meaning. */
const DIRECTED = list(
  "from to into than versus vs by minus over per before after in under above below von nach zu vor vers desde hacia auf",
);
/** A text with one of these may be about a word itself: all of its words count there, as they are written. */
const ABOUT_WORDS = list(`
  definition define synonym synonyms antonym translate translates translated translation rhyme rhymes pronounce say phrase
  phrases polite politeness wort wörter bedeutet bedeutung übersetze übersetzen traduire traduisez traduce traducir significa`);

/** So may a short text with one of these; in a long one they are said of an answer mostly. */
const SHORTLY_ABOUT = list("word words mean means meaning spell spelling called sentence article articles");

export const SEED = 0x811c9dc5;
export const OTHER_SEED = 0x9747b28c;
/** Two sums that know nothing of one another: a million ids under one template meet in 32 bits, in 64 they don't. */
export const mixed = (hash: number, code: number): number => Math.imul(hash ^ code, 0x01000193);
export const mixedOther = (hash: number, code: number): number => Math.imul(hash ^ code, 0x5bd1e995);
/** Ends a hash: every bit depends on each. */
export function ended(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
/** A text in lower case, as tokens are hashed. */
export function hashesOf(text: string): readonly [number, number] {
  let hash = SEED;
  let other = OTHER_SEED;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // As upper-case text would write it.
    for (let times = code === 0xdf ? 2 : 1; times > 0; times--) {
      hash = mixed(hash, code === 0xdf ? 115 : code);
      other = mixedOther(other, code === 0xdf ? 115 : code);
    }
  }
  return [hash, other];
}

/** What a word is beside itself, in bits. */
export const STOP = 1;
export const BEFORE = 2;
export const ABOUT = 4;
export const OPENS = 8;
export const SAME = 16;
export const SHORTLY = 32;
/** Of a token: the first of its sentence or line. */
export const FIRST = 64;

interface Known {
  flags: number;
  /** What it is taken for. */
  as: readonly [number, number];
  /** Polite phrases that begin with it, longest first. */
  readonly phrases: (readonly number[])[];
}
const known = new Map<number, Known>();
function flag(word: string, flags: number, as = word): Known {
  const own = hashesOf(word);
  const held = known.get(own[0]) ?? { flags: 0, as: own, phrases: [] };
  held.flags |= flags;
  if ((flags & SAME) !== 0) held.as = hashesOf(as);
  known.set(own[0], held);
  return held;
}
for (const row of SYNONYMS.split("|")) {
  const [first = "", ...others] = list(row);
  for (const other of others) flag(other, SAME, first);
}
for (const word of STOPS) flag(word, STOP);
for (const word of DIRECTED) flag(word, BEFORE);
for (const word of ABOUT_WORDS) flag(word, ABOUT);
for (const word of SHORTLY_ABOUT) flag(word, SHORTLY);
for (const phrase of PHRASES.split("|")) {
  const words = list(phrase);
  const { phrases } = flag(words[0] as string, OPENS);
  phrases.push(words.map((word) => hashesOf(word)[0]));
  phrases.sort((a, b) => b.length - a.length);
}

/** Open addressing in flat arrays: every word of every text is looked up. Place 0 is nobody's. */
const PLACES = 8192;
const keys = new Int32Array(PLACES);
/** By place what is known of a word: its flags, and the two hashes of what it is taken for. */
export const FLAGS = new Uint8Array(PLACES);
export const TAKEN_FOR = new Int32Array(PLACES * 2);
const phrasesAt = new Map<number, Known["phrases"]>();
for (const [hash, { flags, as, phrases }] of known) {
  let place = startOf(hash);
  while (FLAGS[place] !== 0) place = (place % (PLACES - 1)) + 1;
  keys[place] = hash;
  FLAGS[place] = flags;
  TAKEN_FOR.set(as, place * 2);
  if (phrases.length > 0) phrasesAt.set(place, phrases);
}

function startOf(hash: number): number {
  return ((hash >>> 19) ^ hash) & (PLACES - 1) || 1;
}

/** A word's place; 0: it is in no list. */
export function placeOf(hash: number): number {
  let place = startOf(hash);
  while (FLAGS[place] !== 0) {
    if (keys[place] === hash) return place;
    place = (place % (PLACES - 1)) + 1;
  }
  return 0;
}

export const phrasesFrom = (hash: number): readonly (readonly number[])[] =>
  phrasesAt.get(placeOf(hash)) ?? [];

/** Politeness in scripts without spaces. */
export const UNSPACED_POLITENESS =
  /请问|請問|请|請|谢谢您|谢谢你|谢谢|謝謝|麻烦您|麻烦你|お願いいたします|お願いします|ありがとうございます|してください|ください|ありがとう|您好|你好|こんにちは/gu;
