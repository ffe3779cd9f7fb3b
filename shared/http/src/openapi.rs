//! The OpenAPI document, put together from what the functions say about their routes.

use std::collections::BTreeMap;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use straightway_api as api;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, Content, Info, OpenApi, Ref, RefOr, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

/// Name of the security scheme.
const BEARER: &str = "bearer";

/// The responses that every operation has beside its own: write it among the `responses(...)` of each.
#[derive(Clone, Copy, Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let schema = Ref::from_schema_name(<api::Problem as ToSchema>::name());
        let response = ResponseBuilder::new()
            .description("A problem as RFC 9457 has it; its `type` says which.")
            .content(api::PROBLEM_CONTENT_TYPE, Content::new(Some(schema)))
            .build();
        BTreeMap::from([("default".to_owned(), RefOr::T(response))])
    }
}

/// The document of a whole host. Every operation needs the bearer token unless it says `security(())`; operation
/// ids are the handlers' names in camel case.
pub fn document(functions: impl IntoIterator<Item = OpenApi>, version: &str) -> OpenApi {
    let mut document = OpenApi::new(Info::new("Straightway", version), utoipa::openapi::Paths::new());
    for function in functions {
        document.merge(function);
    }
    for operation in document.paths.paths.values_mut().flat_map(operations_mut) {
        operation.operation_id = operation.operation_id.as_deref().map(camel_case);
        operation.tags = None;
    }
    document.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], _>(BEARER, [])]);
    let components = document.components.get_or_insert_with(Components::new);
    add_schema::<api::Problem>(components);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    document
}

fn add_schema<T: ToSchema + PartialSchema>(components: &mut Components) {
    let mut schemas: Vec<(String, RefOr<Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    components.schemas.extend(schemas);
}

/// Whether everybody may call an operation: it says so with `security(())`.
pub fn is_public(operation: &Operation) -> bool {
    operation.security.as_ref().is_some_and(|needs| needs.iter().any(|need| *need == SecurityRequirement::default()))
}

/// Serves the document at `/openapi.json`, to everybody.
///
/// # Panics
/// When the document cannot be JSON, which no document is.
pub fn serve(document: &OpenApi) -> Router {
    let json = document.to_pretty_json().expect("an OpenAPI document is JSON");
    let answer = move || {
        let json = json.clone();
        async move { ([(CONTENT_TYPE, "application/json")], json) }
    };
    Router::new().route("/openapi.json", get(answer))
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, head, .. } = item;
    [get, put, post, delete, patch, head].into_iter().flatten()
}

/// `create_upload` becomes `createUpload`.
fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        name + &head.to_ascii_uppercase() + tail
    })
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
