package lambda

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// maxLine is where a longer line becomes two log events, and what a process
// that never ends its line can cost (CloudWatch Logs: 256 KB an event).
const maxLine = 256 * 1024

// output reads what a process writes, standard output and standard error
// together, in the order of the writes, and passes it on line by line.
type output struct {
	r       *os.File
	write   func(line string)
	flushes chan chan struct{}
	done    chan struct{}

	// mu is held while lines are passed on. Who holds it keeps them back.
	mu      sync.Mutex
	partial []byte
}

// newOutput returns the output and the file that the process has to write to.
func newOutput(write func(line string)) (*output, *os.File, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("making a pipe for a process's output: %w", err)
	}
	o := &output{r: r, write: write, flushes: make(chan chan struct{}, 1), done: make(chan struct{})}
	go o.read()
	return o, w, nil
}

// drain returns when everything that was written to the pipe before the call
// has been passed on, an unfinished line included.
//
// There is no waiting for silence in it. The deadline wakes the reader, which
// then reads without blocking until the pipe is empty; what the process wrote
// before it posted its response is in the pipe by then.
func (o *output) drain() {
	flushed := make(chan struct{})
	select {
	case o.flushes <- flushed:
	case <-o.done:
		return
	}
	_ = o.r.SetReadDeadline(time.Unix(1, 0)) // fails after close only
	select {
	case <-flushed:
	case <-o.done:
	}
}

// close ends the reader, also where a process that left its group still has
// the pipe open.
func (o *output) close() {
	_ = o.r.Close()
	<-o.done
}

func (o *output) read() {
	defer close(o.done)
	defer o.flush()
	buffer := make([]byte, 64*1024)
	for {
		n, err := o.r.Read(buffer)
		o.take(buffer[:n])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			// Reset first: a request that comes after this one was taken sets
			// the deadline again.
			if o.r.SetReadDeadline(time.Time{}) != nil {
				return
			}
			select {
			case flushed := <-o.flushes:
				o.readAvailable(buffer)
				o.flush()
				close(flushed)
			default:
			}
		case err != nil:
			return
		}
	}
}

// readAvailable reads until the pipe is empty or more has been read than the
// largest pipe holds (1 MiB on Linux, pipe(7)): then all the rest was written
// later.
func (o *output) readAvailable(buffer []byte) {
	conn, err := o.r.SyscallConn()
	if err != nil {
		return
	}
	for total := 0; total <= 1<<20; {
		n := 0
		err := conn.Read(func(fd uintptr) bool {
			for {
				var errno error
				n, errno = syscall.Read(int(fd), buffer)
				if !errors.Is(errno, syscall.EINTR) {
					return true
				}
			}
		})
		if err != nil || n <= 0 {
			return // empty, or at its end, which the next Read tells
		}
		o.take(buffer[:n])
		total += n
	}
}

func (o *output) take(data []byte) {
	if len(data) == 0 {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			break
		}
		o.pass(data[:end])
		data = data[end+1:]
	}
	for len(o.partial)+len(data) >= maxLine {
		n := maxLine - len(o.partial)
		o.pass(data[:n])
		data = data[n:]
	}
	o.partial = append(o.partial, data...)
}

// pass passes on a line whose beginning may have come before.
func (o *output) pass(rest []byte) {
	o.write(string(append(o.partial, rest...)))
	o.partial = o.partial[:0]
}

func (o *output) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.pass(nil)
	}
}
