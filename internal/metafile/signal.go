package metafile

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that also ends when the process is told to end, and a function that restores how signals were
// handled before. It is for the time in which a temporary file exists: a second signal must not end the process before that
// file is removed. Before and afterwards a signal ends the process as usual, even while it waits for a pipe. Signals that the
// process was started to ignore, as nohup does, stay ignored.
func untilSignal(ctx context.Context) (context.Context, func()) {
	var heeded []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heeded = append(heeded, s)
		}
	}
	if len(heeded) == 0 {
		return ctx, func() {} // an empty list would mean every signal
	}
	return signal.NotifyContext(ctx, heeded...)
}
