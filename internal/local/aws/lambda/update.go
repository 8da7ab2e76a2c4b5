package lambda

import "cmp"

// UpdateFunctionConfiguration replaces a function's configuration: all of f but
// its code, its architecture and its reservation, which have calls of their own.
// New invocations use the new version; those in flight finish in the old one,
// whose environments then end. Tracing and storage that are left out stay.
func (s *Service) UpdateFunctionConfiguration(f Function) (FunctionInfo, error) {
	return s.redeploy(f.Name, func(old FunctionInfo, code *codeDir) (*codeDir, FunctionInfo, error) {
		f.Architecture = old.Architecture
		f.TracingMode = cmp.Or(f.TracingMode, old.TracingMode)
		f.EphemeralStorage = cmp.Or(f.EphemeralStorage, old.EphemeralStorage)
		f = f.withDefaults()
		if err := s.validate(f); err != nil {
			return nil, FunctionInfo{}, err
		}
		s.sayWithoutEffect(f)
		info := s.describe(f)
		info.CodeSha256, info.CodeSize = old.CodeSha256, old.CodeSize
		code.retain()
		return code, info, nil
	})
}

// UpdateFunctionCode replaces the code of a function, given by name or ARN, as
// UpdateFunctionConfiguration does its configuration. The architecture belongs
// to the code; empty: it stays.
func (s *Service) UpdateFunctionCode(name string, zip []byte, architecture string) (FunctionInfo, error) {
	return s.redeploy(name, func(old FunctionInfo, _ *codeDir) (*codeDir, FunctionInfo, error) {
		f := old.Function
		f.Code, f.Architecture = zip, cmp.Or(architecture, old.Architecture)
		if err := s.validate(f); err != nil {
			return nil, FunctionInfo{}, err
		}
		code, info, err := s.unpack(f)
		if err != nil {
			return nil, FunctionInfo{}, err
		}
		if err := code.platform.check(f.Architecture, s.platformFor(f)); err != nil {
			code.release()
			return nil, FunctionInfo{}, err
		}
		return code, info, nil
	})
}

// PutFunctionConcurrency reserves concurrency for a function, given by name or
// ARN; nil ends the reservation. Its environments stay.
func (s *Service) PutFunctionConcurrency(name string, reserved *int) (FunctionInfo, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fn, err := s.lookup(name)
	if err != nil {
		return FunctionInfo{}, err
	}
	f := Function{Name: fn.current.info.Name, ReservedConcurrency: reserved}
	if err := validateReservation(reserved); err != nil {
		return FunctionInfo{}, err
	}
	if err := s.checkReservation(f); err != nil {
		return FunctionInfo{}, err
	}
	fn.reserved = reserved
	return fn.info(), nil
}

// redeploy makes a new version of a function. build returns its code, which is
// the new version's to release, and what it is.
func (s *Service) redeploy(name string, build func(old FunctionInfo, code *codeDir) (*codeDir, FunctionInfo, error)) (FunctionInfo, error) {
	s.mu.Lock()
	fn, err := s.lookup(name)
	if err != nil {
		s.mu.Unlock()
		return FunctionInfo{}, err
	}
	old, was := fn.current, fn.info()
	old.code.retain() // so that a concurrent update or deletion leaves it
	s.mu.Unlock()
	defer old.code.release()

	code, info, err := build(was, old.code)
	if err != nil {
		return FunctionInfo{}, err
	}
	s.mu.Lock()
	if s.functions[was.Name] != fn || fn.current != old {
		gone := s.functions[was.Name] != fn
		s.mu.Unlock()
		code.release()
		if gone {
			return FunctionInfo{}, notFound(was.ARN)
		}
		return FunctionInfo{}, refusal(codeConflict, "update the function again", "The operation cannot be performed at this time. An update is in progress for resource: %s", was.ARN)
	}
	fn.current = &version{fn: fn, info: info, code: code, warned: map[string]bool{}}
	info = fn.info()
	idle := old.retire()
	s.mu.Unlock()
	s.endAll(idle)
	old.code.release()
	return info, nil
}
