/** Methods that `Request` takes as they are; the library leaves the body of a GET or HEAD out, and says so. */
const WITH_BODY = new Set(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const WITHOUT_BODY = new Set(["GET", "HEAD"]);

export interface RequestFacts {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Empty: none. */
  readonly body: Buffer;
}

/**
 * What `@azure/functions` would make a `Request` of for every call (it takes one in place of its parts; versions that do
 * not, do not look at it). Undefined for what `Request` would refuse or change: that is left to the library.
 */
export function deferredRequest(facts: RequestFacts): Request | undefined {
  const { method, url, body } = facts;
  const isPlain = WITH_BODY.has(method) || (WITHOUT_BODY.has(method) && body.length === 0);
  if (!isPlain || url.username !== "" || url.password !== "") return undefined;
  return new DeferredRequest(facts) as unknown as Request;
}

/**
 * A request of which most handlers only want headers and the body as a whole: a `Request` with its stream, which costs
 * a tenth of a small call, is made when something else is asked for.
 */
class DeferredRequest {
  readonly #facts: RequestFacts;
  #headers: Headers | undefined;
  #whole: Request | undefined;
  #wasRead = false;

  constructor(facts: RequestFacts) {
    this.#facts = facts;
  }

  get url(): string {
    return this.#facts.url.href;
  }

  get method(): string {
    return this.#facts.method;
  }

  get headers(): Headers {
    this.#headers ??= new Headers(this.#facts.headers);
    return this.#headers;
  }

  get body(): ReadableStream | null {
    return this.#made().body;
  }

  get bodyUsed(): boolean {
    return this.#whole?.bodyUsed ?? this.#wasRead;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes()?.buffer ?? this.#made().arrayBuffer();
  }

  async text(): Promise<string> {
    const bytes = this.#bytes();
    return bytes === undefined ? this.#made().text() : new TextDecoder().decode(bytes);
  }

  async json(): Promise<unknown> {
    const bytes = this.#bytes();
    return bytes === undefined ? this.#made().json() : JSON.parse(new TextDecoder().decode(bytes));
  }

  blob(): Promise<Blob> {
    return this.#made().blob();
  }

  formData(): Promise<FormData> {
    return this.#made().formData();
  }

  clone(): Request {
    return this.#made().clone();
  }

  /**
   * The body, the first time it is asked for, as memory that is the caller's alone: a copy, unless it is all of its
   * memory anyway, as a long body is. Undefined where `Request` has the say.
   */
  #bytes(): Uint8Array<ArrayBuffer> | undefined {
    const { body } = this.#facts;
    if (this.#whole !== undefined || this.#wasRead || body.length === 0) return undefined;
    this.#wasRead = true;
    return isAlone(body) ? new Uint8Array(body.buffer) : new Uint8Array(body);
  }

  #made(): Request {
    if (this.#whole === undefined) {
      const { method } = this.#facts;
      // What was handed out is no longer ours to look at.
      const body = this.#wasRead ? new Uint8Array(1) : this.#facts.body;
      const init = { method, headers: this.headers, ...(body.length === 0 ? {} : { body }) };
      this.#whole = new Request(this.url, init);
      if (this.#wasRead) void this.#whole.arrayBuffer();
    }
    return this.#whole;
  }
}

const isAlone = (body: Buffer): body is Buffer<ArrayBuffer> =>
  body.buffer instanceof ArrayBuffer && body.byteLength === body.buffer.byteLength;
