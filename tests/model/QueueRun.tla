------------------------------ MODULE QueueRun ------------------------------
(* Runs of the 14-day queue: docs/decisions/0002-replay-window.md.

   Several runs, an operator's `disable`, `terraform apply` and kill -9, each between any two calls. Nothing in AWS that
   is used here compares and writes in one step but creating: of the lock, of an alias. So everything is named after its
   run, whoever ends a run takes back only what still bears its name, and a run that finds something of its own gone
   ends. A run that was killed is one that takes no further step.                                                 *)
EXTENDS Naturals, TLC

CONSTANTS Runs, Nobody, Disables, Applies

VARIABLES lock,        \* the run that holds it
          window,      \* whose window the parameter holds; Nobody is {}
          windows,     \* all that it ever held: Parameter Store and the function's cache may answer late
          aliases,     \* run -> the limit that its alias notes, "none" without an alias
          mapping,     \* switched on, whether anything still polls, the run whose alias it invokes (Nobody: the function
                       \* itself), its limit
          run,         \* where each run stands
          before,      \* run -> the limit that it found
          disable,     \* where the operator's `disable` stands, whose aliases it has listed, the limit that they note,
                       \* and whether no run lived when it began
          disables, applies,
          forwarded    \* set of [by, window]: what the function has obeyed

vars == <<lock, window, windows, aliases, mapping, run, before, disable, disables, applies, forwarded>>

Symmetry == Permutations(Runs)
Own == "own"       \* the limit that the module has set
Limited == "run's" \* the limit of a run with a rate

AsTerraformHasIt == [on |-> FALSE, polls |-> FALSE, of |-> Nobody, limit |-> Own]
SwitchedOff == [mapping EXCEPT !.on = FALSE]

Init ==
    /\ lock = Nobody /\ window = Nobody /\ windows = {Nobody}
    /\ aliases = [r \in Runs |-> "none"]
    /\ mapping = AsTerraformHasIt
    /\ run = [r \in Runs |-> "lock"]
    /\ before = [r \in Runs |-> "none"]
    /\ disable = [at |-> "idle", seen |-> {}, limit |-> "none", alone |-> FALSE] /\ disables = 0 /\ applies = 0
    /\ forwarded = {}

Lives(r) == run[r] \notin {"lock", "ended", "killed"}
Go(r, at) == run' = [run EXCEPT ![r] = at]
Others == <<disable, disables, applies>>

-----------------------------------------------------------------------------
(* A run: lock, read the mapping, window, alias, mapping on, look until the end, and everything back *)

Lock(r) ==
    /\ run[r] = "lock"
    /\ lock = Nobody
    /\ lock' = r /\ Go(r, "read")
    /\ disable' = [disable EXCEPT !.alone = FALSE]
    /\ UNCHANGED <<window, windows, aliases, mapping, before, forwarded, disables, applies>>

ReadMapping(r) == \* under the lock
    /\ run[r] = "read"
    /\ before' = [before EXCEPT ![r] = mapping.limit]
    /\ Go(r, IF mapping.on \/ mapping.of # Nobody THEN "unlock?" ELSE "window")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, forwarded, Others>>

Open(r) ==
    /\ run[r] = "window"
    /\ window' = r /\ windows' = windows \cup {r}
    /\ Go(r, "alias")
    /\ UNCHANGED <<lock, aliases, mapping, before, forwarded, Others>>

CreateAlias(r) ==
    /\ run[r] = "alias"
    /\ aliases' = [aliases EXCEPT ![r] = before[r]]
    /\ Go(r, "on")
    /\ UNCHANGED <<lock, window, windows, mapping, before, forwarded, Others>>

SwitchOn(r) == \* Lambda refuses an alias that is not there
    /\ run[r] = "on"
    /\ IF aliases[r] = "none"
       THEN Go(r, "off?") /\ UNCHANGED mapping
       ELSE Go(r, "look") /\ mapping' = [on |-> TRUE, polls |-> TRUE, of |-> r, limit |-> Limited]
    /\ UNCHANGED <<lock, window, windows, aliases, before, forwarded, Others>>

Look(r) == \* something of it is gone, or it has forwarded all, or Ctrl-C
    /\ run[r] = "look"
    /\ Go(r, "off?")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, before, forwarded, Others>>

OffAsk(r) == \* with the lock also a mapping that somebody has switched off: its limit may still be the run's
    /\ run[r] = "off?"
    /\ Go(r, IF lock = r \/ mapping.of = r THEN "off" ELSE "close?")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, before, forwarded, Others>>

Off(r) ==
    /\ run[r] = "off"
    /\ IF mapping.of \in {Nobody, r}
       THEN mapping' = SwitchedOff /\ Go(r, "back")
       ELSE UNCHANGED mapping /\ Go(r, "close?")
    /\ UNCHANGED <<lock, window, windows, aliases, before, forwarded, Others>>

Back(r) == \* when nothing polls any more; Lambda refuses a change in the middle of another one
    /\ run[r] = "back"
    /\ IF mapping.of \notin {Nobody, r} THEN UNCHANGED mapping /\ Go(r, "close?")
       ELSE IF mapping.on THEN UNCHANGED mapping /\ Go(r, "off")
       ELSE ~mapping.polls /\ mapping' = [mapping EXCEPT !.of = Nobody, !.limit = before[r]] /\ Go(r, "close?")
    /\ UNCHANGED <<lock, window, windows, aliases, before, forwarded, Others>>

CloseAsk(r) ==
    /\ run[r] = "close?"
    /\ Go(r, IF window = r THEN "close" ELSE "forget")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, before, forwarded, Others>>

Close(r) ==
    /\ run[r] = "close"
    /\ window' = Nobody
    /\ Go(r, "forget")
    /\ UNCHANGED <<lock, windows, aliases, mapping, before, forwarded, Others>>

Forget(r) ==
    /\ run[r] = "forget"
    /\ aliases' = [aliases EXCEPT ![r] = "none"]
    /\ Go(r, "unlock?")
    /\ UNCHANGED <<lock, window, windows, mapping, before, forwarded, Others>>

UnlockAsk(r) ==
    /\ run[r] = "unlock?"
    /\ Go(r, IF lock = r THEN "unlock" ELSE "ended")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, before, forwarded, Others>>

Unlock(r) ==
    /\ run[r] = "unlock"
    /\ lock' = Nobody
    /\ Go(r, "ended")
    /\ UNCHANGED <<window, windows, aliases, mapping, before, forwarded, Others>>

Kill(r) ==
    /\ Lives(r)
    /\ Go(r, "killed")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, before, forwarded, Others>>

-----------------------------------------------------------------------------
(* Others *)

Known == {r \in Runs : aliases[r] # "none"}
List(at, alone, limit) == disable' = [at |-> at, seen |-> Known, alone |-> alone,
                                      limit |-> IF Known = {} THEN limit ELSE aliases[CHOOSE r \in Known : TRUE]]

DisableBegins ==
    /\ disable.at = "idle" /\ disables < Disables
    /\ disables' = disables + 1
    /\ List("off", \A r \in Runs : ~Lives(r), "none")
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, run, before, applies, forwarded>>

DisableOff == \* with the limit that an alias notes
    /\ disable.at = "off"
    /\ mapping' = SwitchedOff
    /\ disable' = [disable EXCEPT !.at = "back"]
    /\ UNCHANGED <<lock, window, windows, aliases, run, before, disables, applies, forwarded>>

DisableBack ==
    /\ disable.at = "back"
    /\ IF mapping.on THEN UNCHANGED mapping /\ disable' = [disable EXCEPT !.at = "off"]
       ELSE /\ ~mapping.polls
            /\ mapping' = [mapping EXCEPT !.of = Nobody,
                                          !.limit = IF disable.limit = "none" THEN mapping.limit ELSE disable.limit]
            /\ disable' = [disable EXCEPT !.at = "close"]
    /\ UNCHANGED <<lock, window, windows, aliases, run, before, disables, applies, forwarded>>

DisableCloses ==
    /\ disable.at = "close"
    /\ window' = Nobody
    /\ disable' = [disable EXCEPT !.at = "forget"]
    /\ UNCHANGED <<lock, windows, aliases, mapping, run, before, disables, applies, forwarded>>

DisableForgets == \* the aliases that it has seen
    /\ disable.at = "forget"
    /\ aliases' = [r \in Runs |-> IF r \in disable.seen THEN "none" ELSE aliases[r]]
    /\ disable' = [disable EXCEPT !.at = "again?"]
    /\ UNCHANGED <<lock, window, windows, mapping, run, before, disables, applies, forwarded>>

DisableAgain == \* when a run that was about to begin has made one meanwhile, or switched the mapping on
    /\ disable.at = "again?"
    /\ List(IF Known = {} /\ ~mapping.on /\ mapping.of = Nobody THEN "unlock" ELSE "off", disable.alone, disable.limit)
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, run, before, disables, applies, forwarded>>

DisableUnlocks ==
    /\ disable.at = "unlock"
    /\ lock' = Nobody
    /\ disable' = [disable EXCEPT !.at = "idle"]
    /\ UNCHANGED <<window, windows, aliases, mapping, run, before, disables, applies, forwarded>>

TerraformApply == \* in one change, so it must be hoped that nothing polls in the middle of it; the window is still there
    /\ applies < Applies
    /\ applies' = applies + 1
    /\ mapping' = AsTerraformHasIt
    /\ UNCHANGED <<lock, window, windows, aliases, run, before, disable, disables, forwarded>>

Settles == \* a mapping that was switched off
    /\ mapping.polls /\ ~mapping.on
    /\ mapping' = [mapping EXCEPT !.polls = FALSE]
    /\ UNCHANGED <<lock, window, windows, aliases, run, before, forwarded, Others>>

Invocation == \* by the mapping, now; what it reads may be as old as it likes, and is obeyed when it is the run's own
    /\ mapping.polls
    /\ \E read \in windows :
        /\ mapping.of = Nobody \/ mapping.of = read
        /\ forwarded' = forwarded \cup {[by |-> mapping.of, window |-> read]}
    /\ UNCHANGED <<lock, window, windows, aliases, mapping, run, before, Others>>

-----------------------------------------------------------------------------
Next ==
    \/ \E r \in Runs : \/ Lock(r) \/ ReadMapping(r) \/ Open(r) \/ CreateAlias(r) \/ SwitchOn(r) \/ Look(r)
                       \/ OffAsk(r) \/ Off(r) \/ Back(r) \/ CloseAsk(r) \/ Close(r) \/ Forget(r) \/ UnlockAsk(r) \/ Unlock(r) \/ Kill(r)
    \/ DisableBegins \/ DisableOff \/ DisableBack \/ DisableCloses \/ DisableForgets \/ DisableAgain \/ DisableUnlocks
    \/ TerraformApply \/ Settles \/ Invocation

Spec == Init /\ [][Next]_vars

Clean == /\ lock = Nobody /\ window = Nobody
         /\ mapping = AsTerraformHasIt
         /\ \A r \in Runs : aliases[r] = "none"

-----------------------------------------------------------------------------
\* Whatever anybody does when, no event is forwarded but by the window of the run that asked for it.
OnlyItsOwnWindow == \A one \in forwarded : one.by # Nobody /\ one.by = one.window

\* Nothing polls without a run that the function can tell.
OnMeansARun == mapping.polls => mapping.of # Nobody

\* When all runs have come to their own end, nothing is left of them, though a `disable` came in between.
NothingLeft == (\A r \in Runs : run[r] \in {"lock", "ended"}) /\ disable.at = "idle" /\ disables < 2 => Clean

\* Wherever runs were killed, one `disable` cleans up.
OneCallCleans == [][disable.at = "unlock" /\ disable'.at = "idle" /\ disable.alone /\ (\A r \in Runs : ~Lives(r)) => Clean']_disable

\* Not a promise: TLC must find it violated, or the model could do nothing.
NeverForwards == forwarded = {}
=============================================================================
