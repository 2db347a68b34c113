package metafile

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// untilSignal returns a context that also ends when a signal tells the process to end, and a function that restores
// the previous handling. Use it while a temporary file exists, so that a second signal cannot end the process before
// the file is removed. Signals that the process ignores from the start, as under nohup, stay ignored.
func untilSignal(ctx context.Context) (context.Context, func()) {
	var heeded []os.Signal
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			heeded = append(heeded, s)
		}
	}
	if len(heeded) == 0 {
		return ctx, func() {} // NotifyContext without signals would catch all of them
	}
	return signal.NotifyContext(ctx, heeded...)
}
