// Package lambda is the Lambda service of the local AWS: functions of the
// runtime provided.al2023, run as real bootstrap processes over the Lambda
// Runtime API, one invocation at a time in each, with AWS's limits, errors,
// environment variables, permissions and log lines.
//
// What differs from AWS, because a process on a developer's machine is no
// virtual machine of its own:
//
//   - the code is unpacked to a folder of its own, read-only, instead of
//     /var/task: LAMBDA_TASK_ROOT and the working directory tell where;
//   - /tmp is the machine's. Each execution environment has an empty folder of
//     its own in TMPDIR, which is where os.TempDir looks;
//   - AWS_ENDPOINT_URL is set, so that AWS's SDKs call the local AWS. These two
//     variables are the only additions to AWS's. AWS_USE_FIPS_ENDPOINT and
//     AWS_USE_DUALSTACK_ENDPOINT, which the SDKs refuse beside it, are false where
//     the function sets them;
//   - memory is reported and never limited, processor time is not scaled, and
//     an idle environment is not frozen;
//   - an invocation ends when the runtime asks for the next one, as on AWS. The
//     caller too is answered only then, or 100 ms after the response at the
//     latest, so that whoever has the answer finds the log complete;
//   - on Linux the processes die with the local AWS, however it ends. Elsewhere
//     a runtime ends by itself, because its Runtime API is gone.
//
// Init has ten seconds, not counted against the function's timeout. Where it
// fails it is tried once more within the invocation, then counted, as AWS
// documents (Lambda developer guide, lambda-runtime-environment).
//
// A bootstrap for another processor than the function's architecture, or one
// that this machine cannot run, is refused at deployment. AWS would take the
// first and fail every invocation; the second it would run.
//
// Of the JSON log format's platform events start, runtimeDone, report and, for
// a start that failed, initReport are written.
//
// A process that registers as an internal extension, as aws-lambda-go's
// WithEnableSIGTERM does, gets SIGTERM and 500 ms before it is killed.
//
// Layers and other settings of what surrounds a function are checked and kept, and
// have no effect; the console says so. External extensions, versions, aliases, asynchronous invocations and container
// images are not supported.
package lambda
