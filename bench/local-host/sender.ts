import net from "node:net";

/** What a request brought back. */
export interface Answer {
  readonly status: number;
  readonly body: string;
}

/**
 * One kept-alive HTTP/1.1 connection on a bare socket, one request at a time: what sends shares two cores with what is
 * measured, and `node:http`'s client would take as much of them as the server does.
 */
export class Connection {
  readonly #socket: net.Socket;
  readonly #host: string;
  #unread: Buffer = Buffer.alloc(0);
  #unsent: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void } | undefined;

  private constructor(socket: net.Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("The server closed the connection.")));
  }

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect(port, "127.0.0.1", () =>
        resolve(new Connection(socket, `127.0.0.1:${port}`)),
      );
      socket.once("error", reject);
    });
  }

  /** The lines go out from memory that each request uses again: to join thousands of them took the sender longest. */
  post(path: string, type: string, lines: readonly string[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error("The server closed the connection."));
        return;
      }
      this.#waiting = { resolve, reject };
      const length = lines.reduce((sum, line) => sum + Buffer.byteLength(line), lines.length - 1);
      const head =
        `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nConnection: keep-alive\r\n` +
        `Content-Type: ${type}\r\nContent-Length: ${length}\r\n\r\n`;
      if (this.#unsent.length < head.length + length) this.#unsent = Buffer.alloc(2 * (head.length + length));
      let at = this.#unsent.write(head);
      for (const [n, line] of lines.entries()) at += this.#unsent.write(n === 0 ? line : `\n${line}`, at);
      this.#socket.write(this.#unsent.subarray(0, at));
    });
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #read(chunk: Buffer): void {
    this.#unread = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    const end = this.#unread.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#unread.toString("latin1", 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`No content-length: ${head}`));
      return;
    }
    const from = end + 4;
    const until = from + Number(length);
    if (this.#unread.length < until) return;
    const answer = { status: Number(head.slice(9, 12)), body: this.#unread.toString("utf8", from, until) };
    this.#unread = this.#unread.subarray(until);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
