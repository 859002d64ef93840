/**
 * Partitions that esp-idf-nvs-partition-gen 0.3.0 has made of one CSV, and that
 * CSV; entries as lines, so that tests can take them apart.
 */

/** The size of the partitions. */
export const NVS_SIZE = 0x3000;

/** What the partitions were made of. */
export const NVS_CSV = `key,type,encoding,value
wifi,namespace,,
ssid,data,string,workshop
chan,data,u8,6
tok,data,hex2bin,010203
`;

/** Header, states, then: namespace, string (2), number, chunk (2), index. */
export const NVS_LINES: readonly string[] = [
  "feffffff00000000feffffffffffffffffffffffffffffffffffffff842dbab9",
  "aaeaffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "000101ff591131277769666900000000000000000000000001ffffffffffffff",
  "012102ff9ff00d76737369640000000000000000000000000900ffff776d6657",
  "776f726b73686f7000ffffffffffffffffffffffffffffffffffffffffffffff",
  "010101fff35661ad6368616e00000000000000000000000006ffffffffffffff",
  "01420200fc5e923b746f6b000000000000000000000000000300fffff0a60255",
  "010203ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "014801ffbd16a490746f6b00000000000000000000000000030000000100ffff",
];

/** The same in version 1: a blob is one item. */
export const NVS_LINES_V1: readonly string[] = [
  "feffffff00000000ffffffffffffffffffffffffffffffffffffffffc216dddc",
  "aafaffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  ...NVS_LINES.slice(2, 6),
  "014102ffd8df6394746f6b000000000000000000000000000300fffff0a60255",
  "010203ffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/** The keys 00 01 … 1f and 20 21 … 3f. */
export const NVS_KEYS = {
  encryptionKey: Uint8Array.from({ length: 32 }, (_, i) => i),
  tweakKey: Uint8Array.from({ length: 32 }, (_, i) => i + 32),
};

/** The same encrypted with {@linkcode NVS_KEYS}. */
export const NVS_LINES_ENCRYPTED: readonly string[] = [
  ...NVS_LINES.slice(0, 2),
  "563973843b79922091dbac8e64e8760252f886eabd5d12a2f4f453aa926c86e4",
  "a37ed42b9d05b716978516103da5fb978faad5b04f6d2ed8d2a6bf618a6b872b",
  "ade72240c70f6f1f21d2e578ce9136d3c84254b1d7b2863a87a136cf54294b76",
  "f0f0e64cf0cc1e6e9690c77275b6aebf5bf4cd90e616abda92f73bb3349d3224",
  "d2610ae80f9c0e86e541c4d92ceefe373787f6bab71332ba226279292ed437de",
  "29e8a68f80e588d1939b617b14422cc0859dcb40c275cbc4fca5a0100e850915",
  "e479f96822b957c1c09e91481e3183b2b63c59f0b638e63996be0aa49d202fd6",
];

/** The partition that lines are the beginning of. */
export function partitionOf(lines: readonly string[]): Uint8Array {
  const partition = new Uint8Array(NVS_SIZE).fill(0xff);
  partition.set(Uint8Array.fromHex(lines.join("")));
  return partition;
}

/** What a page's header is to say. */
export interface Header {
  readonly state?: number;
  readonly sequence?: number;
  readonly version?: number;
}

/** Writes a page's header, with its checksum worked out bit by bit. */
export function setHeader(
  partition: Uint8Array,
  offset: number,
  { state = 0xffff_fffe, sequence = 0, version = 0xfe }: Header,
): void {
  const header = new Uint8Array(32).fill(0xff);
  const view = new DataView(header.buffer);
  view.setUint32(0, state, true);
  view.setUint32(4, sequence, true);
  view.setUint8(8, version);
  let crc = 0;
  for (const byte of header.subarray(4, 28)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? crc >>> 1 ^ 0xedb8_8320 : crc >>> 1;
    }
  }
  view.setUint32(28, ~crc >>> 0, true);
  partition.set(header, offset);
}
