"""Holds every capture to its deadline, whatever the agent does.

Three processes. The **agent** (asyncio) has a `keeper.CaptureKeeper`. That starts one **supervisor**
(`python -m edge_agent.capture`: standard library and ctypes, one thread, one poll) and asks it to open, extend and
kill. The supervisor starts **children**, which alone open cameras, microphones and receivers, and SIGKILLs each with
everything it started at its deadline in CLOCK_BOOTTIME, on a timerfd. No step of the wall clock moves that, and no
state of the agent.

What closes a capture, and when:

    deadline reached             the supervisor kills the child, its process group and what escaped from that;
                                 the child's own kernel timer kills the child too (`confinement`, the second lock)
    agent stopped or hung        as above: neither needs the agent
    supervisor stopped or hung   the child's own kernel timer, at the same deadline
    agent ended                  at once: the supervisor sees its socket close, and is sent SIGTERM by Linux
    supervisor ended             at once: Linux kills the child (PR_SET_PDEATHSIG), and with it what is `leash`ed to it

How a child is started:

    argv         the one of the keeper, always the same; nothing is appended
    descriptors  0 is /dev/null; 1 and 2 are the agent's standard error; 3 is the channel to the agent, a stream socket;
                 4 is the pipe on which the supervisor tells extended deadlines; no other is open
    environment  the agent's without MUSTER_AGENT_…, and MUSTER_CAPTURE_DEADLINE_BOOT_NS (deadline, nanoseconds of
                 CLOCK_BOOTTIME) and MUSTER_CAPTURE_SUPERVISOR_PID
    process      leader of a session of its own, core dumps and new privileges already off, usual scheduling

A program that a child starts without the leash is ended by a running supervisor only, in whatever session it has put
itself. With the supervisor stopped or killed nobody is left who knows of it: hence the leash. Captures of one keeper
share a supervisor, at most four at a time; another keeper has another.

What a child has to do: call `confinement.confine()` before it imports or opens anything; then, in its event loop, enter
`child_side.attached(…)`, which gives the channel and follows extended deadlines; start programs of its own (rpicam-vid)
only as `leash.leashed(argv)` and from its main thread; end by itself when the channel is at its end.

The first deadline is in the environment, later ones come from the supervisor, which is the only one to grant them: the
agent can not arm a child's second lock later than the supervisor's own.

Privileges. All of this holds without any. With CAP_SYS_NICE (or RLIMIT_RTPRIO) the supervisor runs as SCHED_FIFO, or at
least with a negative nice value, so that a loaded processor delays it less. With CAP_IPC_LOCK, or an unlimited
RLIMIT_MEMLOCK, memory is locked; without, `Confinement.memory_locked` says so, and swap must be off or encrypted.
A process that the kernel can not end (state D, in a driver) stays; its capture is then never reported as ended.
"""
