/** Whether a process of this machine lives, whoever owns it. Its id may by now belong to another program. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    // EPERM: it lives and belongs to somebody else.
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
