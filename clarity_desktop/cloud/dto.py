"""Bodies of the API as typed dictionaries; made by ``clarity_desktop.cloud.contract.generate``."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

__all__ = [
    "ActigraphyAnalysis",
    "ActivityData",
    "AnalysisResponse",
    "BiometricData",
    "DirectActigraphyRequest",
    "EmailConfirmationRequest",
    "ErrorResponse",
    "ForgotPasswordRequest",
    "HTTPValidationError",
    "HealthCheckResponse",
    "HealthDataResponse",
    "HealthDataUpload",
    "HealthInsightResponse",
    "HealthKitSample",
    "HealthKitUploadRequest",
    "HealthKitUploadResponse",
    "HealthMetric",
    "HealthMetricType",
    "HealthResponse",
    "HealthStatus",
    "InsightGenerationRequest",
    "InsightGenerationResponse",
    "InsightHistoryResponse",
    "LogoutResponse",
    "MentalHealthIndicator",
    "MoodScale",
    "PATAnalysisResponse",
    "PATModelHealth",
    "PaginatedResponseDictStrAny",
    "PaginationInfo",
    "PaginationLinks",
    "PaginationMeta",
    "ProcessingStatus",
    "ResendConfirmationRequest",
    "ResetPasswordRequest",
    "ServiceStatusResponse",
    "SleepData",
    "SleepStage",
    "StatusResponse",
    "StepDataRequest",
    "TokenResponse",
    "UserInfoResponse",
    "UserLoginRequest",
    "UserRegister",
    "UserUpdate",
    "UserUpdateResponse",
    "ValidationError",
]


class ActigraphyAnalysis(TypedDict):
    """Schema ``ActigraphyAnalysis``."""

    user_id: str
    analysis_timestamp: str
    sleep_efficiency: float
    sleep_onset_latency: float
    wake_after_sleep_onset: float
    total_sleep_time: float
    circadian_rhythm_score: float
    activity_fragmentation: float
    depression_risk_score: float
    sleep_stages: list[str]
    confidence_score: float
    clinical_insights: list[str]
    embedding: list[float]
    mania_risk_score: NotRequired[float]
    mania_alert_level: NotRequired[str]


class ActivityData(TypedDict):
    """Schema ``ActivityData``."""

    steps: NotRequired[int | None]
    distance: NotRequired[float | None]
    active_energy: NotRequired[float | None]
    exercise_minutes: NotRequired[int | None]
    flights_climbed: NotRequired[int | None]
    vo2_max: NotRequired[float | None]
    active_minutes: NotRequired[int | None]
    resting_heart_rate: NotRequired[float | None]


class AnalysisResponse(TypedDict):
    """Schema ``AnalysisResponse``."""

    analysis_id: str
    status: str
    analysis: NotRequired[ActigraphyAnalysis | None]
    processing_time_ms: NotRequired[float | None]
    message: NotRequired[str | None]
    cached: NotRequired[bool]


class BiometricData(TypedDict):
    """Schema ``BiometricData``."""

    heart_rate: NotRequired[float | None]
    blood_pressure_systolic: NotRequired[int | None]
    blood_pressure_diastolic: NotRequired[int | None]
    oxygen_saturation: NotRequired[float | None]
    heart_rate_variability: NotRequired[float | None]
    respiratory_rate: NotRequired[float | None]
    body_temperature: NotRequired[float | None]
    blood_glucose: NotRequired[float | None]


class DirectActigraphyRequest(TypedDict):
    """Schema ``DirectActigraphyRequest``."""

    data_points: list[dict[str, Any]]
    sampling_rate: NotRequired[float]
    duration_hours: NotRequired[int]


class EmailConfirmationRequest(TypedDict):
    """Schema ``EmailConfirmationRequest``."""

    email: str
    code: str


class ErrorResponse(TypedDict):
    """Schema ``ErrorResponse``."""

    error: str
    code: NotRequired[str]
    details: NotRequired[dict[str, Any]]


class ForgotPasswordRequest(TypedDict):
    """Schema ``ForgotPasswordRequest``."""

    email: str


class HTTPValidationError(TypedDict):
    """Schema ``HTTPValidationError``."""

    detail: NotRequired[list[ValidationError]]


class HealthCheckResponse(TypedDict):
    """Schema ``HealthCheckResponse``."""

    service: str
    status: str
    timestamp: str
    version: NotRequired[str]
    inference_engine: dict[str, Any]
    pat_model: dict[str, Any]


class HealthDataResponse(TypedDict):
    """Schema ``HealthDataResponse``."""

    processing_id: NotRequired[str]
    status: ProcessingStatus
    accepted_metrics: int
    rejected_metrics: NotRequired[int]
    validation_errors: NotRequired[list[ValidationError]]
    estimated_processing_time: NotRequired[int | None]
    sync_token: NotRequired[str | None]
    message: str
    timestamp: NotRequired[str]


class HealthDataUpload(TypedDict):
    """Schema ``HealthDataUpload``."""

    user_id: str
    metrics: list[HealthMetric]
    upload_source: str
    client_timestamp: str
    sync_token: NotRequired[str | None]


class HealthInsightResponse(TypedDict):
    """Schema ``HealthInsightResponse``."""

    user_id: str
    narrative: str
    key_insights: list[str]
    recommendations: list[str]
    confidence_score: float
    generated_at: str


class HealthKitSample(TypedDict):
    """Schema ``HealthKitSample``."""

    identifier: str
    type: str
    value: float | dict[str, Any]
    unit: NotRequired[str | None]
    start_date: str
    end_date: str
    source_name: NotRequired[str | None]
    device: NotRequired[dict[str, Any] | None]
    metadata: NotRequired[dict[str, Any]]


class HealthKitUploadRequest(TypedDict):
    """Schema ``HealthKitUploadRequest``."""

    user_id: str
    quantity_samples: NotRequired[list[HealthKitSample]]
    category_samples: NotRequired[list[HealthKitSample]]
    workouts: NotRequired[list[dict[str, Any]]]
    correlation_samples: NotRequired[list[dict[str, Any]]]
    upload_metadata: NotRequired[dict[str, Any]]
    sync_token: NotRequired[str | None]


class HealthKitUploadResponse(TypedDict):
    """Schema ``HealthKitUploadResponse``."""

    upload_id: str
    status: str
    queued_at: str
    samples_received: dict[str, int]
    message: str


class HealthMetric(TypedDict):
    """Schema ``HealthMetric``."""

    metric_id: NotRequired[str]
    metric_type: HealthMetricType
    biometric_data: NotRequired[BiometricData | None]
    sleep_data: NotRequired[SleepData | None]
    activity_data: NotRequired[ActivityData | None]
    mental_health_data: NotRequired[MentalHealthIndicator | None]
    device_id: NotRequired[str | None]
    raw_data: NotRequired[dict[str, Any] | None]
    metadata: NotRequired[dict[str, Any] | None]
    created_at: NotRequired[str]


HealthMetricType = Literal[
    "heart_rate",
    "heart_rate_variability",
    "blood_pressure",
    "blood_oxygen",
    "respiratory_rate",
    "sleep_analysis",
    "activity_level",
    "stress_indicators",
    "mood_assessment",
    "cognitive_metrics",
    "environmental",
    "body_temperature",
    "blood_glucose",
]


class HealthResponse(TypedDict):
    """Schema ``HealthResponse``."""

    status: str
    service: str
    version: str


class HealthStatus(TypedDict):
    """Schema ``HealthStatus``."""

    status: str
    timestamp: str
    version: str
    checks: dict[str, Any]


class InsightGenerationRequest(TypedDict):
    """Schema ``InsightGenerationRequest``."""

    analysis_results: dict[str, Any]
    context: NotRequired[str | None]
    insight_type: NotRequired[str]
    include_recommendations: NotRequired[bool]
    language: NotRequired[str]


class InsightGenerationResponse(TypedDict):
    """Schema ``InsightGenerationResponse``."""

    success: bool
    data: HealthInsightResponse
    metadata: dict[str, Any]


class InsightHistoryResponse(TypedDict):
    """Schema ``InsightHistoryResponse``."""

    success: bool
    data: dict[str, Any]
    metadata: dict[str, Any]


class LogoutResponse(TypedDict):
    """Schema ``LogoutResponse``."""

    message: str


class MentalHealthIndicator(TypedDict):
    """Schema ``MentalHealthIndicator``."""

    mood_score: NotRequired[MoodScale | None]
    stress_level: NotRequired[float | None]
    anxiety_level: NotRequired[float | None]
    energy_level: NotRequired[float | None]
    focus_rating: NotRequired[float | None]
    social_interaction_minutes: NotRequired[int | None]
    meditation_minutes: NotRequired[int | None]
    notes: NotRequired[str | None]
    timestamp: NotRequired[str]


MoodScale = Literal[
    "very_low",
    "low",
    "neutral",
    "good",
    "excellent",
]


class PATAnalysisResponse(TypedDict):
    """Schema ``PATAnalysisResponse``."""

    processing_id: str
    status: str
    message: NotRequired[str | None]
    analysis_date: NotRequired[str | None]
    pat_features: NotRequired[dict[str, float] | None]
    activity_embedding: NotRequired[list[float] | None]
    metadata: NotRequired[dict[str, Any] | None]


class PATModelHealth(TypedDict):
    """Schema ``PATModelHealth``."""

    status: str
    health_score: float
    loaded_models: dict[str, dict[str, Any]]
    cache_status: dict[str, Any]
    integrity_status: dict[str, bool]
    recent_failures: list[dict[str, Any]]
    alerts: list[dict[str, Any]]


class PaginatedResponseDictStrAny(TypedDict):
    """Schema ``PaginatedResponse[dict[str, Any]]``."""

    data: list[dict[str, Any]]
    pagination: PaginationInfo
    links: PaginationLinks


class PaginationInfo(TypedDict):
    """Schema ``PaginationInfo``."""

    total_count: NotRequired[int | None]
    page_size: int
    has_next: bool
    has_previous: bool
    next_cursor: NotRequired[str | None]
    previous_cursor: NotRequired[str | None]


class PaginationLinks(TypedDict):
    """Schema ``PaginationLinks``."""

    self: str
    first: NotRequired[str | None]
    previous: NotRequired[str | None]
    next: NotRequired[str | None]
    last: NotRequired[str | None]


class PaginationMeta(TypedDict):
    """Schema ``PaginationMeta``."""

    total: int
    page: int
    per_page: int
    total_pages: int


ProcessingStatus = Literal[
    "received",
    "processing",
    "completed",
    "failed",
    "requires_review",
]


class ResendConfirmationRequest(TypedDict):
    """Schema ``ResendConfirmationRequest``."""

    email: str


class ResetPasswordRequest(TypedDict):
    """Schema ``ResetPasswordRequest``."""

    email: str
    code: str
    new_password: str


class ServiceStatusResponse(TypedDict):
    """Schema ``ServiceStatusResponse``."""

    success: bool
    data: dict[str, Any]
    metadata: dict[str, Any]


class SleepData(TypedDict):
    """Schema ``SleepData``."""

    total_sleep_minutes: int
    sleep_efficiency: float
    time_to_sleep_minutes: NotRequired[int | None]
    wake_count: NotRequired[int | None]
    sleep_stages: NotRequired[dict[str, int] | None]
    sleep_start: str
    sleep_end: str


SleepStage = Literal[
    "awake",
    "light",
    "deep",
    "rem",
]


class StatusResponse(TypedDict):
    """Schema ``StatusResponse``."""

    status: str


class StepDataRequest(TypedDict):
    """Schema ``StepDataRequest``."""

    step_counts: list[int]
    timestamps: list[str]
    user_metadata: NotRequired[dict[str, Any] | None]


class TokenResponse(TypedDict):
    """Schema ``TokenResponse``."""

    access_token: str
    refresh_token: str
    token_type: NotRequired[Literal["bearer"]]
    expires_in: int
    scope: NotRequired[str | None]


class UserInfoResponse(TypedDict):
    """Schema ``UserInfoResponse``."""

    user_id: str
    email: NotRequired[str | None]
    email_verified: bool
    display_name: NotRequired[str | None]
    auth_provider: str


class UserLoginRequest(TypedDict):
    """Schema ``UserLoginRequest``."""

    email: str
    password: str
    remember_me: NotRequired[bool]
    device_info: NotRequired[dict[str, Any] | None]


class UserRegister(TypedDict):
    """Schema ``UserRegister``."""

    email: str
    password: str
    display_name: NotRequired[str | None]


class UserUpdate(TypedDict):
    """Schema ``UserUpdate``."""

    display_name: NotRequired[str | None]
    email: NotRequired[str | None]


class UserUpdateResponse(TypedDict):
    """Schema ``UserUpdateResponse``."""

    user_id: str
    email: NotRequired[str | None]
    display_name: NotRequired[str | None]
    updated: bool


class ValidationError(TypedDict):
    """Schema ``ValidationError``."""

    loc: list[str | int]
    msg: str
    type: str
