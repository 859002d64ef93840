import assert from "node:assert/strict";
import { encodeUint32 } from "../../lib/bytes.ts";
import { encodeItem, ITEM_TYPE } from "../../lib/image/_nvs_item.ts";
import { ENTRIES_PER_PAGE, pagesOf } from "../../lib/image/_nvs_page.ts";
import { parseNvs } from "../../lib/image/mod.ts";

Deno.test("a partition of indexes that all claim the same chunks is small work", () => {
  const partition = new Uint8Array(0x10_0000).fill(0xff);
  const item = { namespace: 1, key: "k" };
  const index = Uint8Array.of(...encodeUint32(127 * 32), 127, 0, 0xff, 0xff);
  pagesOf(partition).forEach((page, number) => {
    page.activate(number, 2);
    page.setState("full");
    while (page.end + 2 <= ENTRIES_PER_PAGE) {
      const chunk = number * 63 + page.end / 2;
      page.append(
        chunk < 127
          ? encodeItem({
            ...item,
            type: ITEM_TYPE.blobData,
            chunk,
            data: new Uint8Array(32),
          })
          : encodeItem({ ...item, type: ITEM_TYPE.blobIndex, data: index }),
      );
    }
  });
  assert.equal(parseNvs(partition).contents.size, 0);
});
