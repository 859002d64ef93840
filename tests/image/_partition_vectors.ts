/**
 * Partition tables of ESP-IDF's documentation and tests, with the bytes that
 * ESP-IDF's own tool made of them.
 */

/** "Single factory app, no OTA" of ESP-IDF, "Partition Tables". */
export const SINGLE_APP_CSV = `# ESP-IDF Partition Table
# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     0x9000,  0x6000,
phy_init, data, phy,     0xf000,  0x1000,
factory,  app,  factory, 0x10000, 1M,
`;

/** {@linkcode SINGLE_APP_CSV} up to its end mark. */
export const SINGLE_APP = Uint8Array.fromHex(
  "aa50010200900000006000006e76730000000000000000000000000000000000" +
    "aa50010100f00000001000007068795f696e6974000000000000000000000000" +
    "aa5000000000010000001000666163746f727900000000000000000000000000" +
    "ebebfffffffffffffffffffffffffffff4ad4f4538564b5d7435b62c75b69524" +
    "ff".repeat(32),
);

/** "Factory app, two OTA definitions" with offsets left out, and flags. */
export const TWO_OTA_CSV = `# Name,   Type, SubType, Offset,  Size, Flags
nvs,      data, nvs,     0x9000,  0x4000
otadata,  data, ota,     0xd000,  0x2000
phy_init, data, phy,     0xf000,  0x1000
factory,  app,  factory, ,  1M
ota_0,    app,  ota_0,   , 1M
ota_1,    app,  ota_1,   , 1M
nvs_key,  data, nvs_keys, , 0x1000, encrypted
ro, data, fat, , 24K, readonly:encrypted
`;

/** {@linkcode TWO_OTA_CSV} up to its end mark. */
export const TWO_OTA = Uint8Array.fromHex(
  "aa50010200900000004000006e76730000000000000000000000000000000000" +
    "aa50010000d00000002000006f74616461746100000000000000000000000000" +
    "aa50010100f00000001000007068795f696e6974000000000000000000000000" +
    "aa5000000000010000001000666163746f727900000000000000000000000000" +
    "aa50001000001100000010006f74615f30000000000000000000000000000000" +
    "aa50001100002100000010006f74615f31000000000000000000000000000000" +
    "aa50010400003100001000006e76735f6b657900000000000000000001000000" +
    "aa5001810010310000600000726f000000000000000000000000000003000000" +
    "ebebffffffffffffffffffffffffffffad29d9065b0760de6a077d9d27c53d8b" +
    "ff".repeat(32),
);

/** What ESP-IDF's tool makes of {@linkcode TWO_OTA} again. */
export const TWO_OTA_FORMATTED = `# ESP-IDF Partition Table
# Name, Type, SubType, Offset, Size, Flags
nvs,data,nvs,0x9000,16K,
otadata,data,ota,0xd000,8K,
phy_init,data,phy,0xf000,4K,
factory,app,factory,0x10000,1M,
ota_0,app,ota_0,0x110000,1M,
ota_1,app,ota_1,0x210000,1M,
nvs_key,data,nvs_keys,0x310000,4K,encrypted
ro,data,fat,0x311000,24K,encrypted:readonly
`;

/** A table of types without a name, from ESP-IDF's tests of its tool. */
export const CUSTOM_TYPES = Uint8Array.fromHex(
  "aa5000000000010000001000" + "666163746f72790000000000000000000" +
    "0000000" +
    "aa5001200000110000020000" + "64617461000000000000000000000000" +
    "00000000" +
    "aa5010000000150000100000" + "7365636f6e6400000000000000000000" +
    "00000000" +
    "ebebffffffffffffffffffffffffffff" + "f9bd061b45686f86571a2cd52a1da65b" +
    "ff".repeat(32),
);
