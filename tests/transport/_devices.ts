import type { MemoryPeer } from "../../lib/transport/memory.ts";
import type { ContractDevice } from "./_contract.ts";

/** The device's end of a port in memory, as the contract wants it. */
export function memoryDevice(peer: MemoryPeer): ContractDevice {
  return {
    readable: peer.readable,
    writable: peer.writable,
    baudRate: () => peer.baudRate,
    signals: () => peer.signals,
    unplug: () => peer.unplug(),
  };
}
