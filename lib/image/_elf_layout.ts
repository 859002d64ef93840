/**
 * The numbers of ELF that more than one module needs. Source: System V ABI.
 *
 * @module
 */

/** `sh_type` of an entry that is no section. */
export const SHT_NULL = 0;
/** `sh_type` of what the program defines. */
export const SHT_PROGBITS = 1;
/** `sh_type` of a symbol table. */
export const SHT_SYMTAB = 2;
/** `sh_type` of a string table. */
export const SHT_STRTAB = 3;
/** `sh_type` of what has no bytes in the file. */
export const SHT_NOBITS = 8;
/** `sh_type` of what is called before the program begins. */
export const SHT_INIT_ARRAY = 14;
/** `sh_type` of what is called when it ends. */
export const SHT_FINI_ARRAY = 15;
/** `sh_type` of what is called before {@linkcode SHT_INIT_ARRAY}. */
export const SHT_PREINIT_ARRAY = 16;
/** `p_type` of what is loaded. */
export const PT_LOAD = 1;
