package metafile

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that also ends when the process is told to end, and a function that lets go of it. It is for
// the time in which there is something to clear away: before and afterwards a signal ends the process as it ends any other,
// one that waits for a pipe too, and so does a second signal. Signals that the process was started to ignore, as nohup does,
// stay ignored.
func untilSignal(ctx context.Context) (context.Context, func()) {
	var heeded []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heeded = append(heeded, s)
		}
	}
	if len(heeded) == 0 {
		return ctx, func() {} // no signals at all would stand for every signal
	}
	ctx, stop := signal.NotifyContext(ctx, heeded...)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}
