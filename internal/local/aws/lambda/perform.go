package lambda

import "time"

// perform runs the call in an idle environment or in a new one, and returns
// the environment, which may have ended. An error is a failure of the local
// AWS, not of the function.
func (s *Service) perform(c *call) (*environment, error) {
	for {
		e := s.takeIdle(c.v)
		if e == nil {
			break
		}
		e.current.Store(c)
		c.begin()
		if done, err := e.invoke(c); done {
			return e, err
		}
		e.end() // it ended by itself before it got the event
	}
	e, err := s.newEnvironment(c)
	if err != nil {
		return nil, err
	}
	c.out.Cold = true
	begun := time.Now()
	limit := time.NewTimer(s.initLimit)
	defer limit.Stop()
	failed, err := e.start(limit.C, outcome{errorType: timeoutError})
	if err != nil {
		return e, err
	}
	if failed == nil {
		c.out.InitDuration = time.Since(begun)
		c.begin()
		if done, err := e.invoke(c); done {
			return e, err
		}
		failed = &outcome{errorType: exitError}
	}
	e.stream.initFailed(time.Since(begun), *failed)
	return e, e.startAndInvoke(c)
}

// invoke runs the call in an environment whose runtime waits for an event. It
// returns false where the process ended before it got the event.
func (e *environment) invoke(c *call) (bool, error) {
	e.stream.check()
	// Output is held back until START is written: the function may print its
	// first line before this goroutine runs again.
	e.process.out.mu.Lock()
	select {
	case e.process.api.events <- c.event:
		e.stream.start(c)
		e.process.out.mu.Unlock()
	case <-e.process.gone:
		e.process.out.mu.Unlock()
		c.timeout.Stop()
		return false, nil
	case <-c.timeout.C: // the runtime has hung up
		e.stream.start(c)
		e.process.out.mu.Unlock()
		o := c.timedOut()
		c.fail(o)
		e.finish(c, o)
		return true, nil
	case <-e.s.closing:
		e.process.out.mu.Unlock()
		return true, ErrClosed
	}
	return true, e.await(c)
}

// startAndInvoke tries a failed start again, now as a part of the invocation:
// it counts against the timeout and in the duration, and has no Init Duration.
func (e *environment) startAndInvoke(c *call) error {
	c.out.InitDuration = 0
	c.begin()
	e.stream.start(c)
	failed, err := e.start(c.timeout.C, c.timedOut())
	if err != nil {
		return err
	}
	if failed == nil {
		select {
		case e.process.api.events <- c.event:
			return e.await(c)
		case <-e.process.gone:
			failed = &outcome{errorType: exitError, message: e.process.exitText()}
		case <-c.timeout.C:
			o := c.timedOut()
			failed = &o
		case <-e.s.closing:
			return ErrClosed
		}
	}
	c.fail(*failed)
	e.finish(c, *failed)
	return nil
}

// await waits for the end of the invocation.
func (e *environment) await(c *call) error {
	b := e.process
	select {
	case r := <-c.event.result:
		return e.settle(c, r)
	case <-b.gone:
		select {
		case r := <-c.event.result:
			return e.settle(c, r)
		default:
		}
		o := outcome{errorType: exitError, message: b.exitText()}
		c.fail(o)
		e.finish(c, o)
	case <-c.timeout.C:
		o := c.timedOut()
		c.fail(o)
		e.finish(c, o)
	case <-e.s.closing:
		return ErrClosed
	}
	return nil
}

// settle waits, after the answer, for the end of the invocation: the runtime
// asks for the next event, or ends, or runs out of time.
func (e *environment) settle(c *call, r result) error {
	c.out.Payload = r.payload
	if r.isError {
		c.out.FunctionError = unhandled
	}
	patience := time.NewTimer(settleLimit)
	defer patience.Stop()
	var o outcome
	for {
		select {
		case <-e.process.api.polled:
		case <-e.process.gone:
			o = outcome{errorType: exitError, message: e.process.exitText()}
		case <-c.timeout.C:
			o = c.timedOut()
		case <-patience.C:
			c.out.Duration = time.Since(c.begun)
			c.reply(nil)
			continue
		case <-e.s.closing:
			return ErrClosed
		}
		e.finish(c, o)
		return nil
	}
}

// finish ends the invocation's log; where o is a failure of the environment it
// also ends the process.
func (e *environment) finish(c *call, o outcome) {
	c.timeout.Stop()
	c.out.Duration = time.Since(c.begun)
	if e.process != nil {
		e.sampleMemory()
		if o.errorType != "" {
			e.stop()
		} else {
			e.process.out.drain()
		}
	}
	e.stream.end(c, e.memory, o)
}
