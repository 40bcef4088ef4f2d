import { readInstance } from '../testbed/instance.ts';
import type { Instance } from '../testbed/instance-record.ts';

/** @throws Error that says how to start one */
export function runningInstance(name: string): Instance {
  const instance = readInstance(name);
  if (instance?.healthy) return instance;
  throw new Error(`no running cluster ${name}; start one: npm run testbed -- up --no-app --name ${name}`);
}

/** Runs a judge as a program: `main` gives the exit code; wrong words end with 64 and one line that says why. */
export function runAsProgram(name: string, main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: Error) => {
      process.stderr.write(`${name}: ${error.message}\n`);
      process.exitCode = 64;
    },
  );
}
