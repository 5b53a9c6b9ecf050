package io.mig.model;

/** Whose fault an error is; decides how loudly it is logged. */
public enum ErrorKind {
    /** The request was wrong or not allowed. */
    CALLER,
    /** The machine or the process is not as needed. */
    ENVIRONMENT,
    /** Another agent failed or could not be reached. */
    PEER,
    /** Not enough of something. */
    RESOURCES,
    /** Our own fault. */
    INTERNAL
}
