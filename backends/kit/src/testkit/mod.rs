//! Local servers, fixtures and tree dumps for tests.
