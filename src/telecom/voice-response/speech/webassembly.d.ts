/** The part of WebAssembly's JavaScript interface that we use; the types of the browser's whole library would come with it otherwise. */
declare namespace WebAssembly {
  type ModuleImports = Record<string, (...args: never[]) => unknown>;

  class Module {
    constructor(bytes: Uint8Array);
  }

  class Instance {
    constructor(module: Module, imports: Record<string, ModuleImports>);
    readonly exports: Readonly<Record<string, unknown>>;
  }

  class Memory {
    readonly buffer: ArrayBuffer;
  }
}
