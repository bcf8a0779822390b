---------------------------- MODULE ArchiveReplay ----------------------------
(* The fence of a replay from the archive: docs/decisions/0004-replay-plan.md.

   One item of Events events. Any number of executions send it one after the other: the first, and one for each resume.
   A worker may be invoked twice at once, may be slow for as long as it likes (a crash is a worker that never goes on),
   and may look at control.json or not: nothing here rests on time. What it does rest on: S3 writes control.json and the
   item's progress only over the version that was read (If-Match), and Step Functions starts a name once.          *)
EXTENDS Naturals, TLC

CONSTANTS Events,     \* events of the item, 1..Events
          Unwritten,  \* a worker sends at most so many before it writes its progress (1,000 in the code)
          Executions, \* the first is 0, the n-th resume is n
          Workers,    \* invocations of the worker function
          Operators,  \* who resume
          Changes     \* how often operators pause or cancel

VARIABLES control,    \* control.json: version, state, the execution that may send
          progress,   \* the item's progress object: version, the execution that claimed it, next line, finished
          started,    \* executions that Step Functions has started
          sent,       \* event -> how often the target got it
          claims,     \* successful claims of the item
          worker,     \* what each invocation knows
          operator,   \* where each resume stands
          changes

Symmetry == Permutations(Workers) \cup Permutations(Operators)

vars == <<control, progress, started, sent, claims, worker, operator, changes>>

Asleep == [at |-> "asleep", execution |-> 0, version |-> 0, line |-> 0, written |-> 0]

Init ==
    /\ control = [version |-> 1, state |-> "running", execution |-> 0]
    /\ progress = [version |-> 0, execution |-> 0, line |-> 0, finished |-> FALSE]
    /\ started = {0}
    /\ sent = [event \in 1..Events |-> 0]
    /\ claims = 0
    /\ worker = [w \in Workers |-> Asleep]
    /\ operator = [o \in Operators |-> [at |-> "idle", saw |-> control, result |-> "none"]]
    /\ changes = 0

-----------------------------------------------------------------------------
(* Workers *)

Move(w, fields) ==
    worker' = [worker EXCEPT ![w] = [key \in DOMAIN @ |-> IF key \in DOMAIN fields THEN fields[key] ELSE @[key]]]
End(w) == worker' = [worker EXCEPT ![w] = [Asleep EXCEPT !.at = "ended"]]
MaySend(w) == control.state = "running" /\ control.execution = worker[w].execution

Invoke(w, e) == \* also of an execution that was stopped, and again while another invocation goes on
    /\ worker[w].at = "asleep"
    /\ e \in started
    /\ Move(w, [at |-> "begin", execution |-> e])
    /\ UNCHANGED <<control, progress, started, sent, claims, operator, changes>>

Read(w) == \* the progress first, control.json after it: whoever claims later has changed the version that is read here
    /\ worker[w].at = "begin"
    /\ IF progress.finished
       THEN End(w)
       ELSE Move(w, [at |-> "check", version |-> progress.version, line |-> progress.line, written |-> progress.line])
    /\ UNCHANGED <<control, progress, started, sent, claims, operator, changes>>

Check(w) ==
    /\ worker[w].at = "check"
    /\ IF MaySend(w) THEN Move(w, [at |-> "claim"]) ELSE End(w)
    /\ UNCHANGED <<control, progress, started, sent, claims, operator, changes>>

Claim(w) ==
    /\ worker[w].at = "claim"
    /\ IF progress.version = worker[w].version
       THEN /\ progress' = [progress EXCEPT !.version = @ + 1, !.execution = worker[w].execution]
            /\ claims' = claims + 1
            /\ Move(w, [at |-> "send", version |-> progress.version + 1])
       ELSE /\ End(w)
            /\ UNCHANGED <<progress, claims>>
    /\ UNCHANGED <<control, started, sent, operator, changes>>

Send(w) == \* one call
    /\ worker[w].at = "send"
    /\ worker[w].line < Events
    /\ worker[w].line - worker[w].written < Unwritten
    /\ sent' = [sent EXCEPT ![worker[w].line + 1] = @ + 1]
    /\ Move(w, [line |-> worker[w].line + 1])
    /\ UNCHANGED <<control, progress, started, claims, operator, changes>>

Write(w) == \* at any time between calls, and at the end of the item
    /\ worker[w].at = "send"
    /\ worker[w].line > worker[w].written
    /\ IF progress.version = worker[w].version
       THEN /\ progress' = [progress EXCEPT !.version = @ + 1, !.line = worker[w].line,
                                            !.finished = worker[w].line = Events]
            /\ IF worker[w].line = Events
               THEN End(w)
               ELSE Move(w, [version |-> progress.version + 1, written |-> worker[w].line])
       ELSE /\ End(w) \* somebody took over
            /\ UNCHANGED progress
    /\ UNCHANGED <<control, started, sent, claims, operator, changes>>

Held(w) == \* a look at control.json between two calls; it writes down how far it got, and ends
    /\ worker[w].at = "send"
    /\ ~MaySend(w)
    /\ End(w)
    /\ progress' = IF progress.version = worker[w].version
                   THEN [progress EXCEPT !.version = @ + 1, !.line = worker[w].line,
                                         !.finished = worker[w].line = Events]
                   ELSE progress
    /\ UNCHANGED <<control, started, sent, claims, operator, changes>>

-----------------------------------------------------------------------------
(* Operators, and the governor, who pauses as they do. Each change of control.json is one write with If-Match. *)

Change(state) ==
    /\ changes < Changes
    /\ changes' = changes + 1
    /\ control' = [control EXCEPT !.version = @ + 1, !.state = state]
    /\ UNCHANGED <<progress, started, sent, claims, worker, operator>>

Pause == control.state = "running" /\ Change("paused")
Cancel == control.state # "cancelled" /\ Change("cancelled")

NextName == IF control.execution \in started THEN control.execution + 1 ELSE control.execution

Look(o) == \* what is held can be resumed, and so can what has ended, at any moment here: executions fail
    /\ operator[o].at = "idle"
    /\ NextName \in Executions
    /\ operator' = [operator EXCEPT ![o] = [at |-> "swap", saw |-> control, result |-> "none"]]
    /\ UNCHANGED <<control, progress, started, sent, claims, worker, changes>>

Swap(o) == \* names the next execution, or the one that a resume which died has named and not started
    LET saw == operator[o].saw
        named == IF saw.execution \in started THEN saw.execution + 1 ELSE saw.execution
    IN  /\ operator[o].at = "swap"
        /\ named \in Executions
        /\ IF control.version = saw.version
           THEN /\ control' = [version |-> control.version + 1, state |-> "running", execution |-> named]
                /\ operator' = [operator EXCEPT ![o].at = "start", ![o].saw = control']
           ELSE /\ operator' = [operator EXCEPT ![o].at = "ended", ![o].result = "refused"]
                /\ UNCHANGED control
        /\ UNCHANGED <<progress, started, sent, claims, worker, changes>>

Start(o) == \* Step Functions takes a name once
    LET name == operator[o].saw.execution IN
    /\ operator[o].at = "start"
    /\ started' = started \cup {name}
    /\ operator' = [operator EXCEPT ![o].at = "ended", ![o].result = IF name \in started THEN "refused" ELSE "resumed"]
    /\ UNCHANGED <<control, progress, sent, claims, worker, changes>>

-----------------------------------------------------------------------------
Next ==
    \/ \E w \in Workers : \/ \E e \in Executions : Invoke(w, e)
                          \/ Read(w) \/ Check(w) \/ Claim(w) \/ Send(w) \/ Write(w) \/ Held(w)
    \/ Pause \/ Cancel
    \/ \E o \in Operators : Look(o) \/ Swap(o) \/ Start(o)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* What is promised *)

RECURSIVE Sum(_)
Sum(n) == IF n = 0 THEN 0 ELSE (IF sent[n] > 1 THEN sent[n] - 1 ELSE 0) + Sum(n - 1)

\* Whatever happens, each time somebody takes an item over repeats at most what one worker sends between two writes.
FewDuplicates == Sum(Events) <= (IF claims = 0 THEN 0 ELSE claims - 1) * Unwritten

\* Progress never says more than was sent.
NothingMissing == /\ \A event \in 1..progress.line : sent[event] > 0
                  /\ progress.finished => progress.line = Events

\* Of resumes at once, no two succeed with the same execution.
ResumedOnce == \A o, p \in Operators :
    o # p /\ operator[o].result = "resumed" /\ operator[p].result = "resumed"
        => operator[o].saw.execution # operator[p].saw.execution

\* What an execution has claimed, an earlier one never claims again; progress never goes back.
NeverBackwards == [][/\ progress'.line >= progress.line
                     /\ progress.finished => progress'.finished
                     /\ progress'.execution >= progress.execution]_progress

\* No resume undoes a pause or a cancel that it has not seen.
NothingUndone == [][control'.state = "running" /\ control.state # "running"
                        => \E o \in Operators : operator[o].at = "swap" /\ operator[o].saw = control]_control

\* Only resume starts what was held, so a pause never takes back a cancel.
CancelStays == [][control.state = "cancelled" => control'.state \in {"cancelled", "running"}]_control

\* Not a promise: TLC must find it violated, or the model could do nothing.
NeverFinished == ~progress.finished
=============================================================================
