/**
 * A guard in Python that runs dbt in a process group of its own and ends that group when its standard input ends: when we
 * close it, or when we are gone, however we went (the kernel closes the pipe of a process killed with SIGKILL).
 * Ending is SIGINT first, so that dbt cancels its queries, and SIGKILL after a grace.
 *
 * Arguments: the grace in seconds, the program, its arguments. Ends with the program's exit code, or 128 + its signal.
 */
export const SUPERVISOR = `
import ctypes, os, signal, subprocess, sys, threading

grace = float(sys.argv[1])
libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def die_with_the_guard():
    # should the guard itself be killed, Linux ends dbt (PR_SET_PDEATHSIG)
    if libc is not None:
        libc.prctl(1, signal.SIGKILL)


child = subprocess.Popen(
    sys.argv[2:], stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_the_guard
)
ended = threading.Event()


def signal_group(number):
    try:
        os.killpg(child.pid, number)
    except ProcessLookupError:
        pass


def end():
    signal_group(signal.SIGINT)
    if not ended.wait(grace):
        signal_group(signal.SIGKILL)


def watch():
    while os.read(0, 4096):
        pass
    end()


signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=end).start())
threading.Thread(target=watch, daemon=True).start()
code = child.wait()
ended.set()
signal_group(signal.SIGKILL)
os._exit(code if code >= 0 else 128 - code)
`;
