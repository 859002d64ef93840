/** What is to be made for each board: checked, and given its place, before there is a board. */

import type { ChipFamily } from "../chips/family.ts";
import { parseElf } from "../image/elf.ts";
import { elfSymbols } from "../image/elf_symbols.ts";
import type { Partition } from "../image/partition_table.ts";
import type { LoadedFile } from "./_checks.ts";
import { type Place, placeOf } from "./_places.ts";
import type { JobPath, JobProblem } from "./_problems.ts";
