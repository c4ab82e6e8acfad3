import { Buffer } from "node:buffer";
import type { Size } from "../../catalog/picture-tokens.ts";

/** A header lies at the beginning; metadata before a JPEG's may be long. */
const LOOKED_AT = 1_400_000;

/** The pixels of a picture in a data URL, read from its header; undefined for an address, and for what is no picture. */
export function sizeOf(url: string): Size | undefined {
  const start = /^data:image\/[a-z0-9.+-]+;base64,/i.exec(url)?.[0].length;
  if (start === undefined) return undefined;
  const bytes = Buffer.from(url.slice(start, start + LOOKED_AT), "base64");
  const size = png(bytes) ?? jpeg(bytes) ?? webp(bytes);
  return size !== undefined && size.width > 0 && size.height > 0 ? size : undefined;
}

function png(bytes: Buffer): Size | undefined {
  if (
    bytes.length < 24 ||
    bytes.readUInt32BE(0) !== 0x89504e47 ||
    bytes.toString("latin1", 12, 16) !== "IHDR"
  )
    return undefined;
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) };
}

/** The frame's segment (SOF) holds the size; DHT, JPG and DAC have numbers among those of frames. */
function jpeg(bytes: Buffer): Size | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 9 <= bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) };
    // A byte 0xff may fill up before a marker.
    at += marker === 0xff ? 1 : 2 + bytes.readUInt16BE(at + 2);
  }
  return undefined;
}

function webp(bytes: Buffer): Size | undefined {
  if (bytes.length < 30 || bytes.toString("latin1", 0, 4) !== "RIFF") return undefined;
  if (bytes.toString("latin1", 8, 12) !== "WEBP") return undefined;
  const kind = bytes.toString("latin1", 12, 16);
  if (kind === "VP8X") return { width: 1 + bytes.readUIntLE(24, 3), height: 1 + bytes.readUIntLE(27, 3) };
  if (kind === "VP8 ")
    return { width: bytes.readUInt16LE(26) & 0x3fff, height: bytes.readUInt16LE(28) & 0x3fff };
  if (kind !== "VP8L") return undefined;
  const bits = bytes.readUInt32LE(21);
  return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
}
